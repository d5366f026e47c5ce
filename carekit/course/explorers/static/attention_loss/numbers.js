// @ts-check
// The attention loss of one image (Eqs. 4 to 7), and gradient steps of it on the map itself.

import { reduceMask, sum, upsample, weightedMean } from "../maths.js";

/** @typedef {import("../arrays.js").Numbers} Numbers */
/** @typedef {{ tau: number, lam: number, alpha: number }} Parameters */

const STEP = 0.02; // what a step at α = 1 moves a cell by, if the gradient is the same in all

/**
 * carekit.course.explorers.attention_loss.numbers: L_in, L_out, L_a and α L_a of one map, enlarged to its mask.
 * @param {Numbers} large
 * @param {Uint8Array} mask
 * @param {Parameters} parameters
 */
export function attentionLoss(large, mask, { tau, lam, alpha }) {
  const inside = weightedMean(large, mask);
  const l_out = weightedMean(large, mask.map((value) => 1 - value));
  const l_in = -Math.min(inside, tau);
  const l_a = l_in + lam * l_out;
  return { inside, l_in, l_out, l_a, weighted: alpha * l_a };
}

/**
 * The map (u, v) after some steps of α L_a, enlarged to its mask, and its losses.
 * @param {Numbers} map
 * @param {Uint8Array} mask
 * @param {{ u: number, v: number, size: number }} shape
 * @param {Parameters} parameters
 * @param {number} steps
 */
export function lossesAfter(map, mask, { u, v, size }, parameters, steps) {
  const [inner, outer] = [mask, mask.map((value) => 1 - value)].map((region) => reduceMask(region, u, v, size));
  const large = upsample(stepped(map, { inner, outer }, parameters, steps), u, v, size);
  return { large, numbers: attentionLoss(large, mask, parameters) };
}

/**
 * The map after some steps of α L_a, its cells kept in [0, 1] as if they were free.
 * @param {Numbers} map
 * @param {{ inner: Float64Array, outer: Float64Array }} masks reduced to the map's size
 * @param {Parameters} parameters
 * @param {number} steps
 */
export function stepped(map, { inner, outer }, { tau, lam, alpha }, steps) {
  const moved = Float64Array.from(map);
  const pace = STEP * map.length * alpha;
  const [all_in, all_out] = [sum(inner) || 1, sum(outer) || 1];
  for (let step = 0; step < steps; step++) {
    // With the masks m divided by their sums, ∂L_a / ∂F = λ m_out - [inside < τ] m_in.
    const rises = weightedMean(moved, inner) < tau ? 1 : 0;
    for (let i = 0; i < moved.length; i++) {
      const gradient = (lam * outer[i]) / all_out - (rises * inner[i]) / all_in;
      moved[i] = Math.min(1, Math.max(0, moved[i] - pace * gradient));
    }
  }
  return moved;
}
