// @ts-check
// How many images of other diseases become the rare one when ink is drawn on all of them, for each model.

import { html } from "../elements.js";

/** @typedef {{ name: string, others: number, with: number, without: number }} Count */

export class InkCounts {
  /**
   * @param {{ name: string, colour: string }[]} models
   * @param {Count[]} counts
   * @param {string} rare
   */
  constructor(models, counts, rare) {
    const { others } = counts[0];
    const heads = ["model", `called ${rare}, clean`, "with ink"].map((text) => html("th", { scope: "col" }, text));
    const rows = counts.map((count, m) => {
      const bar = html("span", { class: "ck-meter-fill" });
      bar.style.background = models[m].colour;
      bar.style.width = `${(100 * count.with) / others}%`;
      return html("tr", {}, html("th", { scope: "row" }, count.name), html("td", {}, String(count.without)),
        html("td", {}, String(count.with)), html("td", { class: "ck-bar" },
          html("div", { class: "ck-meter", "aria-hidden": "true" }, bar)));
    });
    this.element = html("div", { class: "ck-counts" },
      html("table", {}, html("caption", {}, `All ${others} images of other diseases`),
        html("thead", {}, html("tr", {}, ...heads, html("td", {}))), html("tbody", {}, ...rows)));
    const parts = counts.map((each) => `${each.name}: ${each.with} (${each.without} without ink)`);
    this.sentence = `With ink on all ${others} images of other diseases, so many become ${rare}: ${parts.join("; ")}.`;
  }
}
