// @ts-check
// Gradient steps of the attention loss on a map itself: carekit.course.explorers.attention_loss.stepped.

import { sum, weightedMean } from "./maths.js";

/** @typedef {import("./arrays.js").Numbers} Numbers */

const STEP = 0.02; // carekit.course.explorers.attention_loss.STEP

/**
 * The map after some steps of α L_a, its cells kept in [0, 1].
 * @param {Numbers} map
 * @param {{ inner: Float64Array, outer: Float64Array }} masks reduced to the map's size
 * @param {{ tau: number, lam: number, alpha: number }} parameters
 * @param {number} steps
 */
export function stepped(map, { inner, outer }, { tau, lam, alpha }, steps) {
  const moved = Float64Array.from(map);
  const pace = STEP * map.length * alpha;
  const [all_in, all_out] = [sum(inner) || 1, sum(outer) || 1];
  for (let step = 0; step < steps; step++) {
    const rises = weightedMean(moved, inner) < tau ? 1 : 0;
    for (let i = 0; i < moved.length; i++) {
      const gradient = (lam * outer[i]) / all_out - (rises * inner[i]) / all_in;
      moved[i] = Math.min(1, Math.max(0, moved[i] - pace * gradient));
    }
  }
  return moved;
}

/**
 * carekit.method.attention.reduce_mask: the mask of size x size brought down to u x v, as upsample would use it.
 * @param {Numbers} mask
 * @param {number} u
 * @param {number} v
 * @param {number} size
 */
export function reduceMask(mask, u, v, size) {
  const rows = sharesOf(u, size);
  const columns = sharesOf(v, size);
  const small = new Float64Array(u * v);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const value = mask[i * size + j];
      if (!value) continue;
      for (const [a, down] of rows[i]) {
        for (const [b, across] of columns[j]) small[a * v + b] += value * down * across;
      }
    }
  }
  return small;
}

/**
 * Of each of `size` places the two of `n` that it lies between, each with its share.
 * @param {number} n
 * @param {number} size
 * @returns {[number, number][][]}
 */
function sharesOf(n, size) {
  return Array.from({ length: size }, (_, i) => {
    const at = Math.max(((i + 0.5) * n) / size - 0.5, 0);
    const low = Math.min(Math.floor(at), n - 1);
    return [[low, 1 - (at - low)], [Math.min(low + 1, n - 1), at - low]];
  });
}
