// @ts-check
// Predict first: what is to be guessed stays covered until there is a guess, and the guess is told beside the truth.

import { html } from "./elements.js";
import { fixed } from "./words.js";

export class Guess {
  /**
   * @param {{ name: string, label: string }} about the number that is guessed, and what it is called
   * @param {() => void} changed
   */
  constructor({ name, label }, changed) {
    this.name = name;
    /** @type {number | null} */
    this.guessed = null;
    this.box = html("input", { type: "checkbox" });
    this.toggle = html("label", { class: "ck-switch" }, this.box, " Predict first");
    this.input = html("input", { type: "number", step: "any", "aria-label": `Your guess of ${label}` });
    this.form = html("form", { class: "ck-guess", hidden: "" },
      html("label", {}, `What will ${label} be? `, this.input), html("button", { type: "submit" }, "Look"));
    this.box.addEventListener("change", () => {
      this.forget();
      changed();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.input.value === "") return;
      this.guessed = Number(this.input.value);
      changed();
    });
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
   * The words, after what was guessed and what it is.
   * @param {string} words
   * @param {Record<string, unknown>} numbers
   */
  beside(words, numbers) {
    const truth = Number(numbers[this.name]);
    if (!this.box.checked || this.guessed === null || !Number.isFinite(truth)) return words;
    const off = Math.abs(truth - this.guessed);
    return `You guessed ${fixed(this.guessed, 3)}; it is ${fixed(truth, 3)}, ${fixed(off, 3)} away. ${words}`;
  }
}
