// @ts-check
// The map under the boxes: laid over the image, and a bar with the share of it that lies inside.

import { decode, part } from "./arrays.js";
import { MODELS } from "./colours.js";
import { html } from "./elements.js";
import { heat } from "./heat.js";
import { sum, upsample, weightedMean } from "./maths.js";
import { shareText } from "./overlay.js";

/** @typedef {import("./arrays.js").Numbers} Numbers */

const OPACITY = 0.65; // of the map over the image

export class MapShare {
  /**
   * @param {import("./arrays.js").Packed | null} maps one for each image, (n, u, v); null where there are none
   * @param {number} size
   */
  constructor(maps, size) {
    this.maps = maps && decode(maps);
    this.size = size;
    this.image = -1;
    this.large = new Float64Array(0);
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
   * @param {boolean} seen
   * @returns {((i: number) => import("./picture.js").Paint) | null}
   */
  over(image, seen) {
    if (!this.maps) return null;
    if (image !== this.image) {
      const [, u, v] = this.maps.shape;
      this.large = upsample(part(this.maps, image), u, v, this.size);
    }
    this.image = image;
    return seen ? (i) => heat(this.large[i], OPACITY) : null;
  }

  /**
   * The share inside a mask, as the bar and its words show it; nothing where there are no maps.
   * @param {Uint8Array} mask
   * @returns {{ share?: number }}
   */
  show(mask) {
    if (!this.maps) return {};
    const share = weightedMean(mask, this.large);
    const area = sum(mask) / mask.length;
    this.text.textContent = area ? `Share of the map inside: ${shareText(share, area)}. Line: a uniform map.`
      : "No box: no share of the map is inside.";
    this.fill.style.width = `${100 * share}%`;
    this.uniform.style.left = `${100 * area}%`;
    return { share };
  }
}
