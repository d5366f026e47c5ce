// @ts-check
// The bar above the controls: presets, reset, and the values as lines of Python.

import { button, html } from "./elements.js";

/** @typedef {Record<string, any>} Values */

export class Tools {
  /**
   * @param {[string, Values][]} presets
   * @param {Values} defaults
   * @param {object} frame
   * @param {(values: Values) => void} frame.choose
   * @param {() => string} frame.line the values of now
   * @param {(words: string) => void} frame.announce
   */
  constructor(presets, defaults, { choose, line, announce }) {
    this.now = line;
    this.announce = announce;
    this.values = presets.map(([, values]) => values);
    this.presets = presets.map(([name, values]) => button(name, () => choose(values), { "aria-pressed": "false" }));
    const reset = button("Reset", () => choose(defaults), { "aria-label": "Reset all controls" });
    this.copy = button("Copy parameters", () => this.copied(), { class: "ck-copy" });
    this.line = html("code", { class: "ck-line", hidden: "" });
    this.element = html("div", { class: "ck-tools" }, ...this.presets, reset, this.copy, this.line);
  }

  /**
   * Something more in the bar, before the line.
   * @param {Node} part
   */
  add(part) {
    this.line.before(part);
  }

  /**
   * Follow the values: a preset that they agree with looks pressed. Without lines there is no button for them.
   * @param {Values} now
   */
  show(now) {
    this.presets.forEach((made, i) => {
      const same = Object.entries(this.values[i]).every(([name, value]) => now[name] === value);
      made.setAttribute("aria-pressed", String(same));
    });
    const line = this.now();
    this.copy.hidden = line === "";
    this.line.hidden ||= line === "";
    this.line.textContent = line;
  }

  async copied() {
    const line = this.now();
    try {
      await navigator.clipboard.writeText(line);
      this.announce(`Copied: ${line}`);
    } catch {
      this.announce(`Copy this: ${line}`);
    }
    this.line.hidden = false;
    this.line.textContent = line;
  }
}
