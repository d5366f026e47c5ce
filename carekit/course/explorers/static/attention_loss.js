// @ts-check
// The attention loss of one image: its map, where the loss asks it to rise and to fall, steps that move it, the knee at
// tau, and the share of the whole loss.

import { decode, part } from "./arrays.js";
import { reduceMask, stepped } from "./attention_steps.js";
import { Chart } from "./chart.js";
import { COLOURS } from "./colours.js";
import { button, html } from "./elements.js";
import { heat } from "./heat.js";
import { LossBars } from "./loss_bars.js";
import { attentionLoss, rasterise, scaleBoxes, upsample } from "./maths.js";
import { Picture } from "./picture.js";
import { scaleBar } from "./scale_bar.js";
import { fixed } from "./words.js";

/** @typedef {import("./arrays.js").Packed} Packed */

/**
 * @typedef {object} Scene
 * @property {number} size
 * @property {Packed} images
 * @property {Packed} maps of the true class, (n, u, v)
 * @property {number[] | null} class_losses L_c of each image, where they are known
 * @property {import("./maths.js").Box[][]} boxes
 * @property {string[]} names
 */

const OVERLAY = 0.65; // the map's opacity over the image
const MOST = 999; // steps
const RISE = /** @type {const} */ ([0, 114, 178]); // COLOURS[0]
const FALL = /** @type {const} */ ([213, 94, 0]); // COLOURS[1]

/**
 * Buttons that take gradient steps.
 * @param {import("./frame.js").Frame} frame
 */
function stepButtons(frame) {
  const by = (/** @type {number} */ count) => () => {
    frame.set({ steps: Math.min(MOST, frame.values.steps + count) }, true);
  };
  const back = button("Back to the start", () => frame.set({ steps: 0 }, true));
  const about = html("span", { class: "ck-note" },
    "Each moves the map down the gradient of α L_a, as if its cells were free.");
  const element = html("div", { class: "ck-tools ck-training" },
    button("Take 1 step", by(1)), button("Take 10 steps", by(10)), back, about);
  return { element, back };
}

/** The pictures and charts of the stage. */
class Stage {
  /**
   * @param {import("./frame.js").Frame} frame
   * @param {number} size
   * @param {boolean} whole whether L_c is known
   */
  constructor(frame, size, whole) {
    this.photo = new Picture("The image", size);
    this.seen = new Picture("Map of the true class, and the box", size);
    this.asked = new Picture("Where the loss asks the map to rise (blue) and to fall (orange)", size);
    this.knee = new Chart("The inner loss, and this image on it", {
      x: [0, 1], y: [-1, 0], xlabel: "mean activation inside", ylabel: "L_in",
    });
    this.bars = whole ? new LossBars() : null;
    const answers = [this.seen.element, this.asked.element, scaleBar(false, ["0", "map", "1"])];
    answers.forEach((each) => each.classList.add("ck-answer"));
    frame.premise({ element: html("div", { class: "ck-trio" }, this.photo.element, ...answers) });
    frame.add(this.knee, ...(this.bars ? [this.bars] : []));
  }

  /**
   * @param {number} tau
   * @param {number} inside
   * @param {number} l_in
   */
  mark(tau, inside, l_in) {
    const { knee } = this;
    knee.line("knee", [[0, 0], [tau, -tau], [1, -tau]], { colour: COLOURS[0] });
    knee.line("tau", [[tau, -1], [tau, 0]], { dash: "4 4" });
    knee.dot("here", inside, l_in, { colour: COLOURS[1] });
    knee.say(`The inner loss falls until ${fixed(tau)} and stays; ` +
      `this image is at ${fixed(inside)}, L_in ${fixed(l_in)}`);
  }
}

/**
 * @param {import("./frame.js").Frame} frame
 * @returns {import("./frame.js").View}
 */
export function attention_loss(frame) {
  /** @type {Scene} */
  const { size, boxes, names, class_losses, ...packed } = frame.scene;
  const images = decode(packed.images);
  const maps = decode(packed.maps);
  const [, u, v] = maps.shape;
  const stage = new Stage(frame, size, class_losses !== null);
  const { photo, seen, asked, bars } = stage;
  const buttons = stepButtons(frame);
  frame.more.after(buttons.element);

  return {
    draw({ image, tau, lam, alpha, box_scale, steps }) {
      const scaled = scaleBoxes(boxes[image], box_scale, size);
      const mask = rasterise(scaled, size);
      const [inner, outer] = [mask, mask.map((value) => 1 - value)].map((each) => reduceMask(each, u, v, size));
      const map = stepped(part(maps, image), { inner, outer }, { tau, lam, alpha }, steps);
      const large = upsample(map, u, v, size);
      const numbers = attentionLoss(large, mask, { tau, lam, alpha });
      const { inside, l_in, l_out, l_a, weighted } = numbers;
      const rises = inside < tau;
      const common = { image: part(images, image), boxes: scaled };
      buttons.back.disabled = steps === 0;
      photo.caption.textContent = names[image];
      photo.show({ ...common, text: names[image], key: image });
      const after = steps ? `After ${steps} step${steps > 1 ? "s" : ""}. ` : "";
      seen.caption.textContent = steps ? `Its map after ${steps} step${steps > 1 ? "s" : ""}` : "Its map, true class";
      seen.show({
        ...common, grey: true, paint: (i) => heat(large[i], OVERLAY), key: steps ? null : image,
        text: `${names[image]}: mean activation inside the box ${fixed(inside)}`,
      });
      const rise = rises ? /** @type {const} */ ([...RISE, 0.55]) : null;
      const fall = /** @type {const} */ ([...FALL, Math.min(0.7, 0.35 * lam)]);
      asked.show({
        ...common, grey: true, smooth: false, paint: (i) => (mask[i] ? rise : fall),
        text: `Inside the box the loss asks for ${rises ? "more" : "nothing"}, outside for less, ` +
          `${fixed(lam, 1)} times as much`,
      });
      stage.mark(tau, inside, l_in);
      if (class_losses) bars?.draw([(1 - alpha) * class_losses[image], weighted]);
      return {
        words: `${after}Mean activation inside the box ${fixed(inside)}, ${rises ? "below" : "above"} τ ` +
          `${fixed(tau)}: L_in ${fixed(l_in, 3)}, L_out ${fixed(l_out, 3)}, L_a ${fixed(l_a, 3)}, ` +
          `α L_a ${fixed(weighted, 3)}.`,
        numbers,
      };
    },
  };
}
