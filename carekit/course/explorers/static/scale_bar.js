// @ts-check
// What the colours of a map mean: a bar with its ends, and zero where there is one.

import { PALETTE, SIGNED } from "./colours.js";
import { html } from "./elements.js";

/** @param {typeof PALETTE} palette */
function gradient(palette) {
  const stops = palette.filter((_, i) => i % 15 === 0).map((colour) => `rgb(${colour.join(" ")})`);
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

/**
 * @param {boolean} signed
 * @param {string[]} texts under the left end, the middle and the right end
 */
export function scaleBar(signed, texts) {
  const bar = html("div", { class: "ck-scale-bar", "aria-hidden": "true" });
  bar.style.background = gradient(signed ? SIGNED : PALETTE);
  return html("div", { class: "ck-scale" }, bar, ...texts.map((text) => html("span", {}, text)));
}
