// @ts-check
// Numbers in [0, 1] as colours.

import { PALETTE } from "./colours.js";

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
