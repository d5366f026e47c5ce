// @ts-check
// The channels of a map: the strongest, their sum, and how near it comes to the map.

import { Chart } from "../chart.js";
import { COLOURS } from "../colours.js";
import { heat } from "../heat.js";
import { Picture } from "../picture.js";
import { fixed } from "../words.js";
import { ChannelStrip } from "./strip.js";

/** @typedef {import("./numbers.js").Item} Item */
/** @typedef {import("./numbers.js").MapRead} MapRead */

const POINTS = 256; // of the curve, and all of the first ones
const FIRST_POINTS = 32;

export class Channels {
  /**
   * @param {number} size
   * @param {[number, number, number]} shape
   */
  constructor(size, shape) {
    const [k] = shape;
    this.k = k;
    this.picture = new Picture("The channels added", size);
    this.strip = new ChannelStrip(shape);
    this.curve = new Chart("How the sum of the strongest channels approaches the map", {
      x: [1, Math.max(k, 2)], y: [-1, 1], xlabel: "channels added", ylabel: "correlation with the map",
      ticks: { x: [1, Math.round(k / 2), k], y: [-1, 0, 1] },
    });
    this.parts = [this.picture, this.curve, this.strip];
  }

  /**
   * A new map; there is nothing to see of one that is not a sum of channels.
   * @param {MapRead} read
   * @param {Item} item
   */
  show({ channels }, item) {
    this.parts.forEach(({ element }) => { element.hidden = channels === null; });
    if (!channels) return;
    this.strip.show(channels, item.features);
    const every = Math.ceil(this.k / POINTS);
    const points = channels.steps.map(({ correlation }, i) => [i + 1, correlation]);
    const drawn = points.filter(([n, y]) => (n <= FIRST_POINTS || n % every === 0) && !Number.isNaN(y));
    this.curve.line("steps", drawn, { colour: COLOURS[0] });
  }

  /**
   * The sum of the strongest channels, over the image.
   * @param {Float64Array} some
   * @param {Item} item
   * @param {number} opacity
   */
  paint(some, { image, boxes }, opacity) {
    this.picture.show({ image, grey: true, boxes, paint: (i) => heat(some[i], opacity) });
  }

  /**
   * How many of its channels are added.
   * @param {MapRead} read
   * @param {number} count
   */
  mark({ channels }, count) {
    if (!channels) return;
    const { correlation } = channels.steps[count - 1];
    const close = Number.isNaN(correlation) ? "no pattern yet" : `correlation ${fixed(correlation, 3)} with the map`;
    const text = `The strongest ${count} of ${this.k} channels: ${close}`;
    this.strip.mark(count);
    this.picture.caption.textContent = text;
    this.picture.say(text);
    this.curve.dot("here", count, Number.isNaN(correlation) ? 0 : correlation, { colour: COLOURS[1] });
    this.curve.say(text);
  }
}
