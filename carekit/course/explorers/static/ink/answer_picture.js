// @ts-check
// One model's answer: its map over the image, the class that it says, and how sure it is of the rarest class.

import { html } from "../elements.js";
import { signedHeat } from "../heat.js";
import { upsample } from "../maths.js";
import { Picture } from "../picture.js";
import { fixed } from "../words.js";
import { labelOf } from "./numbers.js";

/** @typedef {import("./answers.js").Scene} Scene */

export class AnswerPicture {
  /**
   * @param {Scene} scene
   * @param {number} place of the model
   */
  constructor(scene, place) {
    this.scene = scene;
    this.place = place;
    const { name, colour } = scene.models[place];
    this.picture = new Picture(name, scene.size);
    this.fill = html("span", { class: "ck-meter-fill" });
    this.fill.style.background = colour;
    this.before = html("span", { class: "ck-meter-mark" });
    const meter = html("div", { class: "ck-meter", "aria-hidden": "true" }, this.fill, this.before);
    this.picture.element.append(meter);
    this.picture.element.style.borderTop = `4px solid ${colour}`;
    this.element = this.picture.element;
  }

  /**
   * @param {import("../arrays.js").Numbers} image
   * @param {number} row of the image
   * @param {import("./answers.js").Answer} answer
   * @param {{ before: number, top: number }} ends the chance of the clean image, and the end of the scale
   */
  show(image, row, { chances, map, shape: [u, v] }, { before, top }) {
    const { classes, rarest, labels, models, size, boxes } = this.scene;
    const said = labelOf({ chances });
    const sign = said === labels[row] ? "\u2713" : "\u2717";
    const large = upsample(map, u, v, size);
    const chance = chances[rarest];
    const text = `${models[this.place].name} ${sign} ${classes[said]}; ${classes[rarest]} ${fixed(chance)}`;
    this.picture.caption.textContent = text;
    this.picture.show({
      image, grey: true, boxes: boxes[row], paint: (i) => signedHeat(large[i], top),
      text: `${models[this.place].name} says ${classes[said]}; green speaks for ${classes[rarest]}, purple against it`,
    });
    this.fill.style.width = `${100 * chance}%`;
    this.before.style.left = `${100 * before}%`;
  }
}
