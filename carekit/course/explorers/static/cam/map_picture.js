// @ts-check
// The map of a class over the image, with its contour and a cross at its peak.

import { signedHeat } from "../heat.js";
import { Picture } from "../picture.js";
import { scaleBar } from "../scale_bar.js";
import { fixed } from "../words.js";
import { FORMULAS } from "./numbers.js";

/** @typedef {import("./numbers.js").Item} Item */
/** @typedef {import("./numbers.js").MapRead} MapRead */

export class MapPicture {
  /** @param {import("./numbers.js").Scene & { classes: string[] }} scene */
  constructor(scene) {
    this.scene = scene;
    this.picture = new Picture("The map", scene.size);
    this.element = this.picture.element;
    this.element.append(scaleBar(true, ["against the class", "0", "for it"]));
  }

  /**
   * @param {MapRead} read
   * @param {Item} item
   * @param {number} index the class
   * @param {{ method: string, threshold: number, opacity: number }} values
   */
  show(read, { image, boxes }, index, { method, threshold, opacity }) {
    const { large, low, high, row, column, scoreMap } = read;
    const label = this.scene.classes[index];
    const top = Math.max(Math.abs(low), Math.abs(high)) || 1;
    const formula = FORMULAS[method];
    const plainSum = this.scene.weights && formula && !formula.ofLoss && !formula.relu;
    const same = plainSum ? "; for this network CAM and Grad-CAM are the same" : "";
    this.picture.caption.textContent = `Map of ${label}, contour at ${fixed(threshold)}, cross at its peak${same}`;
    this.picture.show({
      image, grey: true, boxes,
      paint: (i) => signedHeat(low + (high - low) * large[i], top, opacity),
      contour: { values: large, level: threshold },
      text: `Map of ${label}, brightest in row ${row}, column ${column}`,
    });
    if (!Number.isNaN(scoreMap)) this.markPeak(read);
  }

  /**
   * A cross at the peak's place among u x v.
   * @param {MapRead} peak
   */
  markPeak({ row, column }) {
    const { picture } = this;
    const [, u, v] = this.scene.shape;
    const side = picture.canvas.width;
    const x = ((column + 0.5) * side) / v;
    const y = ((row + 0.5) * side) / u;
    const arm = side / 30;
    const cross = new Path2D(`M${x - arm} ${y}H${x + arm}M${x} ${y - arm}V${y + arm}`);
    picture.stroke(6, 2.5, () => picture.context.stroke(cross));
  }
}
