// @ts-check
// A class's map, the channels that add up to it, and the explorer's numbers.

import { decode, part } from "../arrays.js";
import { correlationWith, normalise, rasterise, softmax, sum, upsample, weightedMean } from "../maths.js";

/** @typedef {import("../arrays.js").Numbers} Numbers */
/** @typedef {import("../arrays.js").Packed} Packed */
/** @typedef {import("../maths.js").Box} Box */

/**
 * @typedef {object} Items what is sent of some images
 * @property {Packed} images
 * @property {Packed} features of each image (k, u, v)
 * @property {Packed} [own] of each image its own channel weights (c, k), where the head is not linear
 * @property {Record<string, Packed>} maps of each image the raw maps (c, u, v) of methods that have no formula here
 * @property {number[][]} logits
 * @property {Box[][]} boxes
 * @property {number[]} labels
 * @property {string[]} names
 */

/** @typedef {{ size: number, shape: [number, number, number], weights: Packed | null }} Scene */
/** @typedef {{ ofLoss: boolean, relu: boolean }} Formula */
/** @typedef {ReturnType<typeof itemsOf>[number]} Item */
/** @typedef {ReturnType<typeof readMap>} MapRead */

/**
 * The methods whose maps are Σ_k σ_k A^k, with σ of the score or of the loss; all others come from Python.
 * @type {Record<string, Formula>}
 */
export const FORMULAS = {
  cam: { ofLoss: false, relu: false },
  grad_cam: { ofLoss: false, relu: false },
  grad_cam_relu: { ofLoss: false, relu: true },
  loss: { ofLoss: true, relu: false },
};

/**
 * Each image, out of what was sent or answered.
 * @param {Items} items
 * @param {Scene} scene
 */
export function itemsOf(items, scene) {
  const images = decode(items.images);
  const features = decode(items.features);
  const own = items.own && decode(items.own);
  const weights = scene.weights && decode(scene.weights);
  const maps = Object.entries(items.maps).map(([key, packed]) => /** @type {const} */ ([key, decode(packed)]));
  return items.names.map((name, i) => {
    const mask = rasterise(items.boxes[i], scene.size);
    const logits = items.logits[i];
    return {
      name,
      mask,
      boxes: items.boxes[i],
      label: items.labels[i],
      said: logits.indexOf(Math.max(...logits)),
      image: part(images, i),
      features: part(features, i),
      weights: own ? part(own, i) : weights?.data ?? new Float64Array(),
      maps: Object.fromEntries(maps.map(([key, array]) => [key, part(array, i)])),
      probabilities: softmax(logits),
      uniform: sum(mask) / mask.length || NaN,
    };
  });
}

/**
 * The channel weights σ_k: of the score, or of the cross-entropy, Σ_j (p_j - [j = c]) ∂y^j / ∂A.
 * @param {{ weights: Numbers, probabilities: number[] }} item
 * @param {number} index the class
 * @param {boolean} ofLoss
 * @param {number} k the number of channels
 */
export function channelWeights({ weights, probabilities }, index, ofLoss, k) {
  if (!ofLoss) return weights.subarray(index * k, (index + 1) * k);
  const sigma = new Float64Array(k);
  probabilities.forEach((p, j) => {
    const descent = p - (j === index ? 1 : 0);
    for (let c = 0; c < k; c++) sigma[c] += descent * weights[j * k + c];
  });
  return sigma;
}

/**
 * sum += σ_k A^k of one channel.
 * @param {Float64Array} map
 * @param {Numbers} features
 * @param {number} channel
 * @param {number} weight
 */
function addChannel(map, features, channel, weight) {
  const start = channel * map.length;
  for (let i = 0; i < map.length; i++) map[i] += weight * features[start + i];
}

/**
 * Σ_k σ_k A^k over some channels.
 * @param {Numbers} features
 * @param {Numbers} sigma
 * @param {Iterable<number>} channels
 * @param {number} area
 */
function weightedSum(features, sigma, channels, area) {
  const map = new Float64Array(area);
  for (const channel of channels) addChannel(map, features, channel, sigma[channel]);
  return map;
}

/**
 * The channels, strongest first, and |σ_k| Σ_ij |A^k_ij| of each.
 * @param {Numbers} features
 * @param {Numbers} sigma
 * @param {number} area
 */
export function channelOrder(features, sigma, area) {
  const contribution = Float64Array.from(sigma, (weight, channel) => {
    let total = 0;
    for (let i = channel * area; i < (channel + 1) * area; i++) total += Math.abs(features[i]);
    return Math.abs(weight) * total;
  });
  const order = Array.from(contribution.keys()).sort((a, b) => contribution[b] - contribution[a] || a - b);
  return { order, contribution, total: sum(contribution) || 1 };
}

/**
 * All that an image, a class and a method decide: the map as `large`, its peak, its share inside the boxes, its
 * likeness to the map of the score, and its channels, or null where it is not a sum of channels.
 * @param {Item} item
 * @param {number} index the class
 * @param {string} method
 * @param {Scene} scene
 */
export function readMap(item, index, method, { shape: [k, u, v], size }) {
  const area = u * v;
  const sent = item.maps[method];
  const channels = sent ? null : channelsOf(item, index, FORMULAS[method], k, area);
  const all = [...Array(k).keys()];
  const raw = channels ? channels.sumOf(all) : sent.subarray(index * area, (index + 1) * area);
  const map = normalise(raw);
  const large = upsample(map, u, v, size);
  const likeness = correlationWith(raw);
  const score = weightedSum(item.features, channelWeights(item, index, false, k), all, area);
  const peak = map.indexOf(Math.max(...map));
  return {
    large,
    low: Math.min(...raw),
    high: Math.max(...raw),
    row: Math.floor(peak / v),
    column: peak % v,
    inside: item.uniform && sum(large) > 0 ? weightedMean(item.mask, large) : NaN,
    scoreMap: likeness(score),
    channels: channels && { ...channels, steps: stepsOf(channels, item.features, likeness, area) },
    /** @param {number} count the sum of the strongest channels, enlarged */
    part: (count) => {
      if (!channels || count === k) return large;
      return upsample(normalise(channels.sumOf(channels.order.slice(0, count))), u, v, size);
    },
  };
}

/**
 * The channels of a map that is their weighted sum.
 * @param {Item} item
 * @param {number} index
 * @param {Formula} formula
 * @param {number} k
 * @param {number} area
 */
function channelsOf(item, index, { ofLoss, relu }, k, area) {
  const sigma = channelWeights(item, index, ofLoss, k);
  /** @param {Float64Array} map */
  const rectify = (map) => (relu ? map.map((value) => Math.max(value, 0)) : map);
  return {
    sigma,
    rectify,
    ...channelOrder(item.features, sigma, area),
    /** @param {number[]} some */
    sumOf: (some) => rectify(weightedSum(item.features, sigma, some, area)),
  };
}

/**
 * Of the sum of the strongest 1, 2, ... channels: its correlation with the map, and its share of all contributions.
 * @param {ReturnType<typeof channelsOf>} channels
 * @param {Numbers} features
 * @param {(map: Numbers) => number} likeness
 * @param {number} area
 */
function stepsOf({ order, sigma, contribution, total, rectify }, features, likeness, area) {
  const map = new Float64Array(area);
  let share = 0;
  return order.map((channel) => {
    addChannel(map, features, channel, sigma[channel]);
    share += contribution[channel] / total;
    return { correlation: likeness(rectify(map)), share };
  });
}

/**
 * The explorer's numbers. Without a box `inside` and `uniform` are NaN; `correlation` and `contribution` of the
 * strongest channels are NaN for a map that is not a sum of channels, and correlations with a constant map are NaN.
 * @param {MapRead} read
 * @param {Item} item
 * @param {number} index the class
 * @param {number} threshold
 * @param {number} count of the strongest channels
 */
export function numbersOf(read, { probabilities, uniform }, index, threshold, count) {
  const { inside, row, column, large, scoreMap } = read;
  const { correlation, share } = read.channels?.steps[count - 1] ?? { correlation: NaN, share: NaN };
  const above = large.filter((value) => value >= threshold).length / large.length;
  const ofMap = { inside, uniform, row, column, above };
  return { probability: probabilities[index], ...ofMap, correlation, contribution: share, score_map: scoreMap };
}
