// @ts-check
// An image on its way through DSR: each stage's map, what a threshold makes of it, and the box around that.

import { decode, part } from "../arrays.js";
import { RGB } from "../colours.js";
import { heat } from "../heat.js";
import { Picture } from "../picture.js";
import { fixed } from "../words.js";
import { cutOf } from "./numbers.js";

/** @typedef {import("../maths.js").Box} Box */

/**
 * @typedef {object} Scene
 * @property {number} size
 * @property {import("../arrays.js").Packed} images
 * @property {import("../arrays.js").Packed} maps uint8 (n, stages, s, s)
 * @property {string[]} steps the stages' keys
 * @property {number} smallest the least share of the largest component
 * @property {Box[][]} boxes
 * @property {string[]} names
 */

/** @type {import("../picture.js").Paint} */
const KEPT = [...RGB[0], 0.6];
/** @type {import("../picture.js").Paint} */
const DROPPED = [...RGB[1], 0.8];

/** The pictures of the stage. */
class Stage {
  /**
   * @param {import("../frame.js").Frame} frame
   * @param {number} size
   */
  constructor(frame, size) {
    this.box = new Picture("The image and the box that was found", size);
    this.map = new Picture("The map of this stage", size);
    this.cut = new Picture("Above the threshold: kept (blue) and dropped (orange); the true box", size);
    frame.showAfterGuess(this.box, this.map, this.cut);
  }

  /**
   * @param {import("../arrays.js").Numbers} map
   * @param {string} label of the stage
   * @param {string} key of the image and the stage
   */
  showMap(map, label, key) {
    this.map.caption.textContent = label;
    const text = `${label}: bright where the border explains least`;
    this.map.show({ smooth: false, paint: (i) => heat(map[i] / 255, 1), key, text });
  }

  /**
   * @param {import("../arrays.js").Numbers} image
   * @param {ReturnType<typeof cutOf>} cut
   * @param {Box[]} boxes the true ones
   * @param {string} text
   */
  showCut(image, { mask, kept, box, numbers }, boxes, text) {
    this.box.show({ image, boxes: box, text });
    this.cut.show({
      image, grey: true, smooth: false, boxes, paint: (i) => (mask[i] ? (kept[i] ? KEPT : DROPPED) : null),
      text: `${fixed(numbers.kept, 3)} of the image is kept`,
    });
  }
}

/**
 * @param {import("../frame.js").Frame} frame
 * @returns {import("../frame.js").View}
 */
export function view(frame) {
  /** @type {Scene} */
  const scene = frame.scene;
  const { boxes, names, steps } = scene;
  const images = decode(scene.images);
  const maps = decode(scene.maps);
  const stage = new Stage(frame, scene.size);
  return {
    draw({ image, stage: step, threshold }) {
      const map = part(maps, image, steps.indexOf(step));
      const cut = cutOf(map, boxes[image], scene, threshold);
      const caption = frame.caption({ ...cut.numbers, name: names[image], threshold });
      stage.showMap(map, frame.labelOf("stage", step), `${image} ${step}`);
      stage.showCut(part(images, image), cut, boxes[image], caption);
      return { caption, numbers: cut.numbers };
    },
  };
}
