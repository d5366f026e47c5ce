// @ts-check
// The attention loss of one image: its map, where the loss asks it to rise and to fall, steps that move it, the knee at
// tau, and the share of the whole loss.

import { decode, part } from "../arrays.js";
import { Chart } from "../chart.js";
import { COLOURS, RGB } from "../colours.js";
import { button, html } from "../elements.js";
import { heat } from "../heat.js";
import { rasterise, scaleBoxes } from "../maths.js";
import { Picture } from "../picture.js";
import { scaleBar } from "../scale_bar.js";
import { fixed } from "../words.js";
import { LossBars } from "./loss_bars.js";
import { lossesAfter } from "./numbers.js";

/** @typedef {import("../arrays.js").Packed} Packed */

/**
 * @typedef {object} Scene
 * @property {number} size
 * @property {Packed} images
 * @property {Packed} maps of the true class, (n, u, v)
 * @property {number[] | null} class_losses L_c of each image, where they are known
 * @property {import("../maths.js").Box[][]} boxes
 * @property {string[]} names
 */

const OVERLAY = 0.65; // the map's opacity over the image
const MOST = 999; // steps
const [RISE, FALL] = RGB; // where the loss asks the map to

/**
 * Buttons that take gradient steps.
 * @param {import("../frame.js").Frame} frame
 */
function stepButtons(frame) {
  const by = (/** @type {number} */ count) => () => {
    frame.set({ steps: Math.min(MOST, frame.values.steps + count) }, true);
  };
  const back = button("Back to the start", () => frame.set({ steps: 0 }, true));
  const note = html("span", { class: "ck-note" },
    "Each moves the map down the gradient of α L_a, as if its cells were free.");
  const element = html("div", { class: "ck-tools ck-training" },
    button("Take 1 step", by(1)), button("Take 10 steps", by(10)), back, note);
  return { element, back };
}

/** The pictures and charts of the stage. */
class Stage {
  /**
   * @param {import("../frame.js").Frame} frame
   * @param {number} size
   * @param {boolean} whole whether L_c is known
   */
  constructor(frame, size, whole) {
    this.photo = new Picture("The image", size);
    this.map = new Picture("Map of the true class, and the box", size);
    this.wish = new Picture("Where the loss asks the map to rise (blue) and to fall (orange)", size);
    this.knee = new Chart("The inner loss, and this image on it", {
      x: [0, 1], y: [-1, 0], xlabel: "mean activation inside", ylabel: "L_in",
    });
    this.bars = whole ? new LossBars() : null;
    const answers = [this.map.element, this.wish.element, scaleBar(false, ["0", "map", "1"])];
    answers.forEach((element) => element.classList.add("ck-answer"));
    frame.show({ element: html("div", { class: "ck-trio" }, this.photo.element, ...answers) });
    frame.showAfterGuess(this.knee, ...(this.bars ? [this.bars] : []));
  }

  /**
   * @param {import("../picture.js").Shown} common
   * @param {string} name
   * @param {number} image
   */
  showPhoto(common, name, image) {
    this.photo.caption.textContent = name;
    this.photo.show({ ...common, text: name, key: image });
  }

  /**
   * @param {import("../picture.js").Shown} common
   * @param {string} name
   * @param {Float64Array} large
   * @param {number} steps
   * @param {number} image
   * @param {number} inside
   */
  showMap(common, name, large, steps, image, inside) {
    const after = `Its map after ${steps} step${steps > 1 ? "s" : ""}`;
    this.map.caption.textContent = steps ? after : "Its map, true class";
    this.map.show({
      ...common, grey: true, paint: (i) => heat(large[i], OVERLAY), key: steps ? null : image,
      text: `${name}: mean activation inside the box ${fixed(inside)}`,
    });
  }

  /**
   * @param {import("../picture.js").Shown} common
   * @param {Uint8Array} mask
   * @param {boolean} rises whether the map is asked to rise in the box
   * @param {number} lam
   */
  showWish(common, mask, rises, lam) {
    const rise = rises ? /** @type {const} */ ([...RISE, 0.55]) : null;
    const fall = /** @type {const} */ ([...FALL, Math.min(0.7, 0.35 * lam)]);
    this.wish.show({
      ...common, grey: true, smooth: false, paint: (i) => (mask[i] ? rise : fall),
      text: `Inside the box the loss asks for ${rises ? "more" : "nothing"}, outside for less, ` +
        `${fixed(lam, 1)} times as much`,
    });
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
 * @param {import("../frame.js").Frame} frame
 * @returns {import("../frame.js").View}
 */
export function view(frame) {
  /** @type {Scene} */
  const { size, boxes, names, class_losses, ...packed } = frame.scene;
  const images = decode(packed.images);
  const maps = decode(packed.maps);
  const [, u, v] = maps.shape;
  const stage = new Stage(frame, size, class_losses !== null);
  const buttons = stepButtons(frame);
  frame.more.after(buttons.element);

  return {
    draw({ image, tau, lam, alpha, box_scale, steps }) {
      const scaled = scaleBoxes(boxes[image], box_scale, size);
      const mask = rasterise(scaled, size);
      const { large, numbers } = lossesAfter(part(maps, image), mask, { u, v, size }, { tau, lam, alpha }, steps);
      const common = { image: part(images, image), boxes: scaled };
      buttons.back.disabled = steps === 0;
      stage.showPhoto(common, names[image], image);
      stage.showMap(common, names[image], large, steps, image, numbers.inside);
      stage.showWish(common, mask, numbers.inside < tau, lam);
      stage.mark(tau, numbers.inside, numbers.l_in);
      if (class_losses) stage.bars?.draw([(1 - alpha) * class_losses[image], numbers.weighted]);
      return { caption: frame.caption({ ...numbers, tau, steps }), numbers };
    },
  };
}
