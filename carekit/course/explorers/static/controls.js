// @ts-check
// A slider, a menu or a switch, with its label and its value.

import { button, html, uniqueId } from "./elements.js";

/**
 * @typedef {object} About what carekit.course.explorers.controls says of a control
 * @property {string} name
 * @property {string} label
 * @property {string} [parameter] its name among the notebooks' parameters, if it is one of them
 * @property {number} [low]
 * @property {number} [high]
 * @property {number} [step]
 * @property {Choice[]} [choices]
 * @property {boolean} [toggle]
 * @property {boolean} [steps] buttons for one less and one more beside it
 */

/** @typedef {{ key: string, label: string }} Choice */
/** @typedef {(value: unknown, settled: boolean) => void} Changed settled: the finger has left it */

/**
 * The control of its kind.
 * @param {About} about
 * @param {Changed} changed
 * @returns {Control}
 */
export function makeControl(about, changed) {
  const Kind = about.choices ? Menu : about.toggle ? Switch : Slider;
  return new Kind(about, changed);
}

/** What all kinds have. */
class Control {
  /**
   * @param {About} about
   * @param {HTMLInputElement | HTMLSelectElement} input
   * @param {Changed} changed
   */
  constructor(about, input, changed) {
    this.about = about;
    this.input = input;
    this.input.id = uniqueId();
    this.output = html("output", { for: input.id, class: "ck-value", "aria-live": "off" }); // aria-valuetext says it
    const label = html("label", { for: input.id }, about.label);
    this.element = html("div", { class: "ck-control" }, label, input, this.output);
    input.addEventListener("input", () => changed(this.read(), false));
    input.addEventListener("change", () => changed(this.read(), true));
  }

  /**
   * The value that it stands at.
   * @returns {unknown}
   */
  read() {
    return this.input.value;
  }

  /**
   * Stand at a value.
   * @param {any} value
   */
  show(value) {
    this.input.value = value;
  }

  /**
   * What may be chosen, where a value is not among it; values may also come from Python.
   * @param {any} _value
   * @returns {string | null}
   */
  refuse(_value) {
    return null;
  }
}

class Menu extends Control {
  /** @param {About} about @param {Changed} changed */
  constructor(about, changed) {
    const { choices = [] } = about;
    const options = choices.map(({ key, label }) => html("option", { value: key }, label));
    super(about, html("select", {}, ...options), changed);
    this.choices = choices;
  }

  /** @param {any} value */
  refuse(value) {
    const known = this.choices.some(({ key }) => key === value);
    return known ? null : this.choices.map(({ label }) => label).join(", ");
  }
}

class Switch extends Control {
  /** @param {About} about @param {Changed} changed */
  constructor(about, changed) {
    const box = html("input", { type: "checkbox" });
    super(about, box, changed);
    this.box = box;
    this.element.classList.add("ck-toggle");
  }

  read() {
    return this.box.checked;
  }

  /** @param {any} value */
  show(value) {
    this.box.checked = value;
  }
}

class Slider extends Control {
  /** @param {About} about @param {Changed} changed */
  constructor(about, changed) {
    const { low = 0, high = 1, step = 1 } = about;
    super(about, html("input", { type: "range", min: low, max: high, step }), changed);
    this.low = low;
    this.high = high;
    this.digits = (String(step).split(".")[1] ?? "").length;
    if (about.steps) this.addSteps(changed, step);
  }

  /**
   * @param {Changed} changed
   * @param {number} step
   */
  addSteps(changed, step) {
    const by = /** @type {const} */ ([["Previous", "\u2039", -step], ["Next", "\u203a", step]]);
    const [before, after] = by.map(([text, sign, way]) => {
      const go = () => changed(Math.min(Math.max(this.read() + way, this.low), this.high), true);
      return button(sign, go, { "aria-label": `${text} ${this.about.label.toLowerCase()}`, class: "ck-step" });
    });
    this.element.classList.add("ck-stepped");
    this.input.before(before);
    this.input.after(after);
  }

  read() {
    return Number(this.input.value);
  }

  /** @param {any} value */
  show(value) {
    super.show(value);
    const text = Number(value).toFixed(this.digits);
    this.output.textContent = text;
    this.input.setAttribute("aria-valuetext", `${this.about.label} ${text}`);
  }

  /** @param {any} value */
  refuse(value) {
    return value >= this.low && value <= this.high ? null : `${this.low} to ${this.high}`;
  }
}
