// @ts-check
// The map under the boxes: laid over the image, and a bar with the share of it that lies inside.

import { decode, part } from "../arrays.js";
import { MODELS } from "../colours.js";
import { html } from "../elements.js";
import { heat } from "../heat.js";
import { upsample } from "../maths.js";
import { shareText } from "../overlay.js";

/** @typedef {import("../arrays.js").Numbers} Numbers */

const OPACITY = 0.65; // of the map over the image

export class MapShare {
  /**
   * @param {import("../arrays.js").Packed | null} maps one for each image, (n, u, v); null where there are none
   * @param {number} size
   */
  constructor(maps, size) {
    this.maps = maps && decode(maps);
    this.size = size;
    this.image = -1;
    /** @type {Float64Array | null} the image's map, enlarged */
    this.large = null;
    this.text = html("span", {});
    this.fill = html("span", { class: "ck-meter-fill" });
    this.fill.style.background = MODELS.pretrained;
    this.uniform = html("span", { class: "ck-meter-mark" });
    this.element = html("div", { class: "ck-answer ck-share" }, this.text,
      html("div", { class: "ck-meter", "aria-hidden": "true" }, this.fill, this.uniform));
    this.element.hidden = !this.maps;
  }

  /**
   * How the map is painted over an image; null where it is not to be seen.
   * @param {number} image
   * @param {boolean} isOn
   * @returns {((i: number) => import("../picture.js").Paint) | null}
   */
  over(image, isOn) {
    if (!this.maps) return null;
    const [, u, v] = this.maps.shape;
    if (image !== this.image) this.large = upsample(part(this.maps, image), u, v, this.size);
    this.image = image;
    const { large } = this;
    return isOn && large ? (i) => heat(large[i], OPACITY) : null;
  }

  /**
   * The share inside the boxes, where there is a map.
   * @param {{ inside: number, share?: number, lift?: number }} numbers
   */
  show({ inside, share = NaN, lift = NaN }) {
    if (!this.maps) return;
    this.text.textContent = inside
      ? `Share of the map inside: ${shareText({ inside: share, lift })}. Line: a uniform map.`
      : "No box: no share of the map is inside.";
    this.fill.style.width = `${100 * share}%`;
    this.uniform.style.left = `${100 * inside}%`;
  }
}
