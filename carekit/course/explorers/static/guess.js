// @ts-check
// Predict first: what is to be guessed stays covered until there is a guess, and the guess is shown next to the truth.

import { html } from "./elements.js";
import { fixed } from "./words.js";

/**
 * @typedef {object} About
 * @property {string} name of the number that is guessed
 * @property {string} label what it is called
 * @property {number} [most] where it lies between 0 and this
 */

export class Guess {
  /**
   * @param {About} about
   * @param {() => void} changed
   */
  constructor({ name, label, most }, changed) {
    this.name = name;
    this.most = most ?? Infinity;
    /** @type {number | null} */
    this.guessed = null;
    this.box = html("input", { type: "checkbox" });
    this.toggle = html("label", { class: "ck-switch" }, this.box, " Predict first");
    this.input = html("input", { type: "number", step: "any", "aria-label": `Your guess of ${label}` });
    this.refused = html("span", { role: "alert", class: "ck-note" });
    this.form = html("form", { class: "ck-guess", hidden: "", novalidate: "" },
      html("label", {}, `Your guess of ${label}: `, this.input), html("button", { type: "submit" }, "Look"),
      this.refused);
    this.box.addEventListener("change", () => {
      this.forget();
      changed();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.guessed = this.read();
      if (this.guessed !== null) changed();
    });
  }

  /** The number in the form, read as per cent where it can be nothing else; null for one that is out of range. */
  read() {
    const value = Number(this.input.value);
    const percent = this.most === 1 && value > 1 && value <= 100;
    const fits = this.input.value !== "" && (percent || this.most === Infinity || (value >= 0 && value <= this.most));
    this.refused.textContent = fits ? "" : `Choose a number${this.most === Infinity ? "" : ` from 0 to ${this.most}`}.`;
    if (!fits) return null;
    return percent ? value / 100 : value;
  }

  /** A guess is of what was to be seen then. */
  forget() {
    this.guessed = null;
  }

  /**
   * Ask for a guess where one is due, and say whether the outcome is covered until then.
   * @param {Record<string, unknown>} numbers
   */
  covers(numbers) {
    const covered = this.box.checked && Number.isFinite(numbers[this.name]) && this.guessed === null;
    this.form.hidden = !covered;
    return covered;
  }

  /**
   * The caption, after what was guessed and what it is.
   * @param {string} caption
   * @param {Record<string, unknown>} numbers
   */
  nextTo(caption, numbers) {
    const truth = Number(numbers[this.name]);
    if (!this.box.checked || this.guessed === null || !Number.isFinite(truth)) return caption;
    const off = Math.abs(truth - this.guessed);
    return `You guessed ${fixed(this.guessed, 3)}; it is ${fixed(truth, 3)}, ${fixed(off, 3)} away. ${caption}`;
  }
}
