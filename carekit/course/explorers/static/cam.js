// @ts-check
// Any image, any class: where the class gets its score from, and the channels that add up to its map.

import { FORMULAS, itemsOf, readMap } from "./cam_numbers.js";
import { ChannelStrip } from "./cam_strip.js";
import { Chart } from "./chart.js";
import { COLOURS } from "./colours.js";
import { heat, signedHeat } from "./heat.js";
import { Picture } from "./picture.js";
import { scaleBar } from "./scale_bar.js";
import { fixed } from "./words.js";

/** @typedef {import("./cam_numbers.js").Item} Item */
/** @typedef {import("./cam_numbers.js").MapRead} MapRead */
/** @typedef {import("./cam_numbers.js").Scene & import("./cam_numbers.js").Items} Numbers */
/** @typedef {Numbers & { classes: string[], sent: number }} Scene */

const KEPT = 40; // images of the kernel that are kept
const POINTS = 256; // of the curve, and all of the first ones
const FIRST_POINTS = 32;
const SAME_MAP = 0.9995; // from this correlation on three digits say 1.000

/**
 * Where the images come from: sent with the page, or asked from the kernel and kept for a while.
 * @param {import("./frame.js").Frame} frame
 */
function imageSource(frame) {
  /** @type {Scene} */
  const scene = frame.scene;
  const sent = itemsOf(scene, scene);
  /** @type {Map<number, Item>} */
  const kept = new Map();
  return {
    /** @param {import("./kernel.js").Answer} answer */
    receive: (answer) => {
      if (kept.size > KEPT) kept.delete([...kept.keys()][0]);
      kept.set(answer.image, itemsOf(/** @type {any} */ (answer), scene)[0]);
    },
    /** @param {number} image */
    find: (image) => {
      const found = sent[image] ?? kept.get(image);
      if (found) return found;
      if (frame.kernel.alone) {
        const last = scene.sent - 1;
        throw new Error(`Images 0 to ${last} are on this page; for image ${image} open the notebook and run it.`);
      }
      if (frame.kernel.latest?.image !== image) frame.kernel.ask({ image });
      return null;
    },
  };
}

/**
 * carekit.course.explorers.cam.numbers.words.
 * @param {Record<string, number>} numbers
 * @param {string} about
 * @param {number} threshold
 * @param {number} channels
 * @param {number} of
 */
function wordsOf(numbers, about, threshold, channels, of) {
  const { probability, inside, uniform, row, column, above, correlation, contribution, score_map } = numbers;
  const start = `${about}: probability ${fixed(probability)}.`;
  if (Number.isNaN(score_map)) return `${start} The map is constant: it shows nothing.`;
  const box = Number.isNaN(uniform) ? "This image has no box"
    : `Share of attention inside the box ${fixed(inside)}, without preference ${fixed(uniform)}`;
  const tail = Number.isNaN(correlation) ? "" : ` and correlate ${fixed(correlation, 3)} with it`;
  const part = Number.isNaN(contribution) ? "This map is not a sum of channels, so none can be left out."
    : `${channels} of ${of} channels make ${fixed(contribution)} of it${tail}.`;
  const other = score_map < SAME_MAP ? ` Correlation with the map of the score: ${fixed(score_map, 3)}.` : "";
  return `${start} ${box}; brightest at row ${row}, column ${column} of the map; ${fixed(above, 3)} of the image ` +
    `is above ${fixed(threshold)}. ${part}${other}`;
}

/**
 * @param {Float64Array} values
 * @param {number} threshold
 */
function shareAbove(values, threshold) {
  return values.filter((value) => value >= threshold).length / values.length;
}

/**
 * A cross at the peak's place among u x v.
 * @param {Picture} picture
 * @param {MapRead} peak
 * @param {[number, number, number]} shape
 */
function markPeak(picture, { row, column }, [, u, v]) {
  const side = picture.canvas.width;
  const x = ((column + 0.5) * side) / v;
  const y = ((row + 0.5) * side) / u;
  const arm = side / 30;
  const cross = new Path2D(`M${x - arm} ${y}H${x + arm}M${x} ${y - arm}V${y + arm}`);
  picture.stroke(6, 2.5, () => picture.context.stroke(cross));
}

/** The channels of a map: the strongest, their sum, and how near it comes to the map. */
class Channels {
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
   * So many of its channels are added.
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

/**
 * @param {import("./frame.js").Frame} frame
 * @returns {import("./frame.js").View}
 */
export function cam(frame) {
  /** @type {Scene} */
  const scene = frame.scene;
  const { size, shape, classes } = scene;
  const { find, receive } = imageSource(frame);
  const plain = new Picture("The image", size);
  const seen = new Picture("The map", size);
  const channelsOf = new Channels(size, shape);
  seen.element.append(scaleBar(true, ["against the class", "0", "for it"]));
  frame.premise(plain);
  frame.add(seen, ...channelsOf.parts);
  const countInput = frame.controls.channels.input;
  /** @type {{ item?: Item, index?: number, method?: string, channels?: number, opacity?: number }} */
  let last = {};
  /** @type {MapRead} */
  let read;

  /** @type {import("./frame.js").View["draw"]} */
  const draw = ({ image, shown, method, threshold, channels, opacity }) => {
    const item = find(image);
    frame.stage.classList.toggle("ck-away", !item);
    if (!item) return { words: `Asking the kernel for image ${image} of the explorer.`, numbers: {} };
    const index = { true: item.label, predicted: item.said }[/** @type {string} */ (shown)] ?? classes.indexOf(shown);
    const sameMap = last.item === item && last.index === index && last.method === method;
    if (last.item !== item) showImage(item);
    if (!sameMap) {
      read = readMap(item, index, method, scene);
      channelsOf.show(read, item);
      countInput.disabled = read.channels === null;
    }
    showMap(item, index, method, threshold, opacity);
    if (!sameMap || last.channels !== channels || last.opacity !== opacity) {
      const some = read.part(channels);
      const { image: pixels, boxes } = item;
      channelsOf.picture.show({ image: pixels, grey: true, boxes, paint: (i) => heat(some[i], opacity) });
    }
    channelsOf.mark(read, channels);
    last = { item, index, method, channels, opacity };

    const { correlation, share } = read.channels?.steps[channels - 1] ?? { correlation: NaN, share: NaN };
    const numbers = {
      probability: item.probabilities[index], inside: read.inside, uniform: item.uniform,
      row: read.row, column: read.column, above: shareAbove(read.large, threshold),
      correlation, contribution: share, score_map: read.scoreMap,
    };
    const name = item.name[0].toUpperCase() + item.name.slice(1);
    const about = `${name}, class ${classes[index]}, map ${frame.labelOf("method", method)}`;
    return { words: wordsOf(numbers, about, threshold, channels, shape[0]), numbers };
  };

  /** @param {Item} item */
  const showImage = (item) => {
    const text = `${item.name}, true: ${classes[item.label]}, said: ${classes[item.said]}`;
    plain.show({ image: item.image, boxes: item.boxes, text });
    plain.caption.textContent = text;
  };

  /**
   * @param {Item} item
   * @param {number} index
   * @param {string} method
   * @param {number} threshold
   * @param {number} opacity
   */
  const showMap = (item, index, method, threshold, opacity) => {
    const { large, low, high, row, column, scoreMap } = read;
    const top = Math.max(Math.abs(low), Math.abs(high)) || 1;
    const formula = FORMULAS[method];
    const plainSum = scene.weights && formula && !formula.ofLoss && !formula.relu;
    const same = plainSum ? "; for this network CAM and Grad-CAM are the same" : "";
    seen.caption.textContent = `Map of ${classes[index]}, contour at ${fixed(threshold)}, cross at its peak${same}`;
    seen.show({
      image: item.image, grey: true, boxes: item.boxes,
      paint: (i) => signedHeat(low + (high - low) * large[i], top, opacity),
      contour: { values: large, level: threshold },
      text: `Map of ${classes[index]}, brightest in row ${row}, column ${column}`,
    });
    if (!Number.isNaN(scoreMap)) markPeak(seen, read, shape);
  };

  return { draw, receive };
}
