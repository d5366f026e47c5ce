// @ts-check
// A slider for the recall of each class, and two bars: accuracy and MCA.

import { COLOURS } from "../colours.js";
import { html, uniqueId } from "../elements.js";
import { fixed } from "../words.js";

export class RecallPanel {
  /** @param {(recalls: number[], settled: boolean) => void} changed */
  constructor(changed) {
    this.changed = changed;
    this.rows = html("div", {});
    this.element = html("div", { role: "group", "aria-label": "Recall of each class" },
      html("span", { class: "ck-note" }, "Recall of each class: move it"), this.rows);
    /** @type {{ input: HTMLInputElement, output: HTMLOutputElement }[]} */
    this.sliders = [];
    this.names = "";
  }

  /**
   * @param {string[]} names
   * @param {number[]} recalls
   */
  show(names, recalls) {
    if (JSON.stringify(names) !== this.names) this.renew(names);
    this.names = JSON.stringify(names);
    this.sliders.forEach(({ input, output }, i) => {
      input.value = String(recalls[i]);
      output.textContent = fixed(recalls[i]);
      input.setAttribute("aria-valuetext", `recall of ${names[i]} ${fixed(recalls[i])}`);
    });
  }

  /** @param {string[]} names */
  renew(names) {
    this.sliders = names.map(() => {
      const input = html("input", { type: "range", min: 0, max: 1, step: 0.01, id: uniqueId() });
      input.addEventListener("input", () => this.changed(this.read(), false));
      input.addEventListener("change", () => this.changed(this.read(), true));
      return { input, output: html("output", { for: input.id, class: "ck-value", "aria-live": "off" }) };
    });
    this.rows.replaceChildren(...names.map((name, i) => {
      const { input, output } = this.sliders[i];
      return html("div", { class: "ck-control" }, html("label", { for: input.id }, `recall ${name}`), input, output);
    }));
  }

  read() {
    return this.sliders.map(({ input }) => Number(input.value));
  }
}

export class ScorePanel {
  constructor() {
    this.bars = { accuracy: new Score("accuracy", COLOURS[1]), mca: new Score("MCA", COLOURS[2]) };
    this.element = html("div", { class: "ck-scores" }, ...Object.values(this.bars).map(({ element }) => element));
  }

  /** @param {{ accuracy: number, mca: number }} scores */
  show({ accuracy, mca }) {
    this.bars.accuracy.show(accuracy);
    this.bars.mca.show(mca);
  }
}

class Score {
  /**
   * @param {string} name
   * @param {string} colour
   */
  constructor(name, colour) {
    this.name = name;
    this.text = html("span", {});
    this.fill = html("span", { class: "ck-meter-fill" });
    this.fill.style.background = colour;
    this.element = html("div", {}, this.text,
      html("div", { class: "ck-meter ck-thick", "aria-hidden": "true" }, this.fill));
  }

  /** @param {number} value */
  show(value) {
    this.text.textContent = `${this.name} ${fixed(value, 3)}`;
    this.fill.style.width = `${100 * value}%`;
  }
}
