// @ts-check
// The map of a model over an image, and the share of it inside the boxes.

import { part } from "./arrays.js";
import { heat } from "./heat.js";
import { rasterise, sum, upsample, weightedMean } from "./maths.js";
import { Picture } from "./picture.js";
import { fixed } from "./words.js";

/** @typedef {import("./arrays.js").Numbers} Numbers */
/** @typedef {import("./arrays.js").Shaped} Shaped */
/** @typedef {{ size: number, boxes: import("./maths.js").Box[][], names: string[] }} Scene */

const OPACITY = 0.65;

/**
 * The share inside, and how many times that of a map without preference it is: the lift.
 * @param {{ inside: number, lift: number }} share
 */
export function shareText({ inside, lift }) {
  return `${fixed(inside, 3)} (${fixed(lift, 1)} \u00d7 the box\u2019s area)`;
}

export class Overlay {
  /**
   * @param {string} caption
   * @param {Scene} scene
   * @param {Shaped} images
   * @param {string} [colour] the model's
   */
  constructor(caption, scene, images, colour = "") {
    this.scene = scene;
    this.images = images;
    this.picture = new Picture(caption, scene.size);
    this.element = this.picture.element;
    if (colour) this.element.style.borderTop = `4px solid ${colour}`;
    this.share = { inside: NaN, lift: NaN };
    /** @type {{ map?: Numbers, image?: number, about?: string }} */
    this.last = {};
  }

  /**
   * Show a map (u, v) over an image; its share inside the boxes, and how many times a uniform map's that is.
   * @param {Numbers} map
   * @param {number[]} shape u, v
   * @param {number} image
   * @param {string} name whose map it is
   * @param {string} about what the picture is of
   */
  show(map, [u, v], image, name, about) {
    const { last } = this;
    const samePlace = last.map?.buffer === map.buffer && last.map.byteOffset === map.byteOffset;
    if (samePlace && last.image === image && last.about === about) return this.share;
    this.last = { map, image, about };
    const { size, boxes } = this.scene;
    const large = upsample(map, u, v, size);
    const mask = rasterise(boxes[image], size);
    const inside = weightedMean(mask, large);
    this.share = { inside, lift: inside / (sum(mask) / mask.length) };
    const text = `${name}: share of attention inside ${shareText(this.share)}`;
    this.picture.show({
      image: part(this.images, image), grey: true, boxes: boxes[image], paint: (i) => heat(large[i], OPACITY),
      text: `${about}, ${text}`,
    });
    this.picture.caption.textContent = text;
    return this.share;
  }
}
