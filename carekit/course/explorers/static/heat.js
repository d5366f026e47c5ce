// @ts-check
// Numbers as colours.

import { PALETTE, SIGNED } from "./colours.js";

/**
 * The colour of a value in [0, 1], with an opacity.
 * @param {number} value
 * @param {number} opacity
 * @returns {import("./picture.js").Paint}
 */
export function heat(value, opacity) {
  const [r, g, b] = PALETTE[Math.min(255, Math.max(0, Math.round(value * 255)))];
  return [r, g, b, opacity];
}

const STRONGEST = 0.85;

/**
 * The colour of a score of any sign: the nearer to zero, the more is seen through it.
 * @param {number} value
 * @param {number} top the end of the scale, above 0
 * @param {number} opacity of a score that reaches it
 * @returns {import("./picture.js").Paint}
 */
export function signedHeat(value, top, opacity = STRONGEST) {
  const share = Math.min(1, Math.max(-1, value / top));
  const [r, g, b] = SIGNED[Math.round(127.5 * (1 + share))];
  return [r, g, b, opacity * Math.abs(share)];
}
