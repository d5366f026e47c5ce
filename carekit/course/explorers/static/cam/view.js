// @ts-check
// Any image, any class: where the class gets its score from, and the channels that add up to its map.

import { Picture } from "../picture.js";
import { capital } from "../words.js";
import { Channels } from "./channels.js";
import { imageSource } from "./images.js";
import { MapPicture } from "./map_picture.js";
import { numbersOf, readMap } from "./numbers.js";

/** @typedef {import("./numbers.js").Item} Item */
/** @typedef {import("./images.js").Scene & { classes: string[] }} Scene */

/** The pictures of the stage: each is painted only where something changed that it shows. */
class Stage {
  /** @param {import("../frame.js").Frame} frame */
  constructor(frame) {
    /** @type {Scene} */
    this.scene = frame.scene;
    this.plain = new Picture("The image", this.scene.size);
    this.map = new MapPicture(this.scene);
    this.channels = new Channels(this.scene.size, this.scene.shape);
    this.countInput = frame.controls.channels.input;
    frame.show(this.plain);
    frame.showAfterGuess(this.map, ...this.channels.parts);
    /** @type {{ item?: Item, index?: number, method?: string, channels?: number, opacity?: number }} */
    this.last = {};
    /** @type {import("./numbers.js").MapRead | null} */
    this.read = null;
  }

  /**
   * Show a class's map of an image; returns what was read of it.
   * @param {Item} item
   * @param {number} index the class
   * @param {import("../frame.js").Values} values
   */
  show(item, index, values) {
    const { method, channels, opacity } = values;
    const { last } = this;
    const sameMap = last.item === item && last.index === index && last.method === method;
    if (last.item !== item) this.showImage(item);
    const read = sameMap && this.read ? this.read : readMap(item, index, method, this.scene);
    if (!sameMap) this.channels.show(read, item);
    this.countInput.disabled = read.channels === null;
    this.map.show(read, item, index, /** @type {any} */ (values));
    if (!sameMap || last.channels !== channels || last.opacity !== opacity) {
      this.channels.paint(read.part(channels), item, opacity);
    }
    this.channels.mark(read, channels);
    this.last = { item, index, method, channels, opacity };
    this.read = read;
    return read;
  }

  /** @param {Item} item */
  showImage(item) {
    const { classes } = this.scene;
    const text = `${item.name}, true: ${classes[item.label]}, said: ${classes[item.said]}`;
    this.plain.show({ image: item.image, boxes: item.boxes, text });
    this.plain.caption.textContent = text;
  }
}

/**
 * @param {import("../frame.js").Frame} frame
 * @returns {import("../frame.js").View}
 */
export function view(frame) {
  /** @type {Scene} */
  const { classes, shape } = frame.scene;
  const { find, receive } = imageSource(frame);
  const stage = new Stage(frame);

  /** @type {import("../frame.js").View["draw"]} */
  const draw = (values) => {
    const { image, shown, method, threshold, channels } = values;
    const item = find(image);
    frame.stage.classList.toggle("ck-away", !item);
    if (!item) return { caption: `Asking the kernel for image ${image} of the explorer.`, numbers: {} };
    const index = { true: item.label, predicted: item.said }[/** @type {string} */ (shown)] ?? classes.indexOf(shown);
    const numbers = numbersOf(stage.show(item, index, values), item, index, threshold, channels);
    const about = { name: capital(item.name), label: classes[index], method: frame.labelOf("method", method) };
    // A constant map has no peak to speak of.
    const row = Number.isNaN(numbers.score_map) ? NaN : numbers.row;
    return { caption: frame.caption({ ...numbers, ...about, row, threshold, channels, of: shape[0] }), numbers };
  };
  return { draw, receive };
}
