// @ts-check
// carekit.course.explorers.masks.numbers: M_in and M_out of scaled boxes, and what they cover.

import { distanceOutside, rasterise, sum, weightedMean } from "../maths.js";

/** @typedef {import("../maths.js").Box} Box */

/**
 * M_in and M_out; M_out by distance needs a box, otherwise it is NaN.
 * @param {Box[]} scaled
 * @param {number} size
 * @param {string} outer
 */
export function masksOf(scaled, size, outer) {
  const inner = rasterise(scaled, size);
  if (outer === "binary") return { inner, outer: inner.map((value) => 1 - value) };
  if (!scaled.length) return { inner, outer: new Float64Array(size * size).fill(NaN) };
  return { inner, outer: distanceOutside(inner, size) };
}

/**
 * The share of the image inside, the sum of M_out, the number of boxes, and with a map the share of it inside.
 * @param {ReturnType<typeof masksOf>} masks
 * @param {number} boxes
 * @param {Float64Array | null} large the map, enlarged
 * @returns {{ inside: number, outer_sum: number, boxes: number, share?: number, lift?: number }}
 */
export function numbersOf({ inner, outer }, boxes, large) {
  const inside = sum(inner) / inner.length;
  const numbers = { inside, outer_sum: sum(outer), boxes };
  if (!large) return numbers;
  const share = weightedMean(inner, large);
  return { ...numbers, share, lift: share / inside };
}
