// @ts-check
// The frame around a view: its values, its controls, the words below it, and what went wrong.

import { fill } from "./captions.js";
import { makeControl } from "./controls.js";
import { html } from "./elements.js";
import { Guess } from "./guess.js";
import { Kernel } from "./kernel.js";
import { Tools } from "./tools.js";

/** @typedef {Record<string, any>} Values what the controls stand at, and what a view keeps beside them */

/**
 * @typedef {object} Drawn what a view shows
 * @property {string} caption
 * @property {Record<string, unknown>} numbers
 * @property {Record<string, import("./arrays.js").Numbers>} [arrays]
 */

/**
 * @typedef {object} View
 * @property {(values: Values) => Drawn} draw
 * @property {(answer: import("./kernel.js").Answer) => void} [receive] takes an answer of the kernel
 * @property {() => string} [parameters] lines of Python; by default those of the controls that are parameters
 * @property {() => void} [stop] ends what is timed
 */

/**
 * @typedef {object} State what carekit.course.explorers.frame.Explorer sends
 * @property {string} view
 * @property {string} title
 * @property {string} caption the template of the sentence
 * @property {import("./controls.js").About[]} controls
 * @property {[string, Values][]} presets
 * @property {Values} defaults
 * @property {any} scene
 * @property {import("./guess.js").About | null} guess
 */

const OPEN = 3; // controls that are open from the start
const ANNOUNCE = 400; // ms of rest before words are announced: a screen reader cannot follow a finger

export class Frame {
  /**
   * @param {import("./kernel.js").Model} model
   * @param {HTMLElement} element
   * @param {Record<string, (frame: Frame) => View>} views
   */
  constructor(model, element, views) {
    /** @type {State} */
    const state = model.get("state");
    const { title, caption, controls, presets, guess } = state;
    this.kernel = new Kernel(model, { receive: (answer) => this.receive(answer), fail: (text) => this.complain(text) });
    this.scene = state.scene;
    this.defaults = state.defaults;
    this.template = caption;
    /** @type {Values} */
    this.values = { ...state.defaults, ...model.get("values") };
    /** @type {Drawn | null} */
    this.drawn = null;
    /** @type {View | null} */
    this.view = null;
    this.waiting = false;
    this.timer = 0;
    this.controls = Object.fromEntries(controls.map((about) => [about.name, this.control(about)]));
    this.tools = new Tools(presets, this.defaults, {
      choose: (values) => this.set(values, true),
      line: () => this.view?.parameters?.() ?? this.parameters(),
      announce: (words) => this.announce(words),
    });
    this.guess = guess && new Guess(guess, () => this.paint());
    if (this.guess) this.tools.add(this.guess.toggle);
    const rows = Object.values(this.controls).map((each) => each.element);
    this.panel = html("div", { class: "ck-controls" }, ...rows.slice(0, OPEN));
    this.more = html("details", { class: "ck-more" }, html("summary", {}, "More"),
      html("div", { class: "ck-controls" }, ...rows.slice(OPEN)));
    this.more.hidden = rows.length <= OPEN;
    this.stage = html("div", { class: "ck-stage" });
    this.status = html("p", { class: "ck-words" });
    this.live = html("p", { class: "ck-hidden", role: "status", "aria-live": "polite" });
    this.alarm = html("p", { class: "ck-alarm", role: "alert", hidden: "" });
    this.root = html("div", { class: "ck-explorer", role: "group", "aria-label": title },
      this.tools.element, this.panel, this.more, ...(this.guess ? [this.guess.form] : []),
      this.stage, this.status, this.live, this.alarm);
    keepKeys(this.root);
    element.replaceChildren(this.root);
    this.kernel.listen("change:values", () => this.adopt(model.get("values")));
    try {
      this.view = views[state.view](this);
      this.paint();
    } catch (error) {
      this.complain(error);
    }
  }

  /** The numbers that are shown, once there are any. */
  get numbers() {
    return this.drawn?.numbers;
  }

  /** @param {import("./controls.js").About} about */
  control(about) {
    const made = makeControl(about, (value, settled) => this.set({ [about.name]: value }, settled));
    made.show(this.values[about.name]);
    return made;
  }

  /**
   * New values; with `settled` the kernel is told, which a finger on a slider does not need for each step.
   * @param {Values} values
   * @param {boolean} settled
   */
  set(values, settled) {
    this.adopt(values);
    if (settled) this.kernel.save("values", { ...this.values });
  }

  /**
   * New values; a guess of what was to be seen is spent by them, unless `same` says that it still is.
   * @param {Values} values
   */
  adopt(values, same = false) {
    const changes = Object.entries(values).some(([name, value]) =>
      name !== "saved" && JSON.stringify(value) !== JSON.stringify(this.values[name]));
    if (changes && !same) this.guess?.forget();
    this.amend(values);
    this.paint();
  }

  /**
   * New values, without painting.
   * @param {Values} values
   */
  amend(values) {
    Object.assign(this.values, values);
    Object.keys(values).forEach((name) => this.controls[name]?.show(this.values[name]));
  }

  /** Draw the view in the next frame of the screen. */
  paint() {
    if (this.waiting || !this.view) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      try {
        this.draw();
      } catch (error) {
        this.complain(error);
      }
    });
  }

  draw() {
    this.check();
    this.drawn = /** @type {View} */ (this.view).draw(this.values);
    this.tools.show(this.values);
    this.say(this.drawn);
    this.stage.classList.remove("ck-failed");
    this.alarm.hidden = true;
  }

  check() {
    for (const [name, control] of Object.entries(this.controls)) {
      const choices = control.refuse(this.values[name]);
      if (choices === null) continue;
      throw new Error(`${control.about.label} ${this.values[name]} is not there: choose ${choices}, or reset.`);
    }
  }

  /**
   * What the menu of a name calls one of its choices.
   * @param {string} name
   * @param {string} key
   */
  labelOf(name, key) {
    return this.controls[name].about.choices?.find((choice) => choice.key === key)?.label ?? key;
  }

  /** The values as lines for a notebook's parameters cell. */
  parameters() {
    const own = Object.values(this.controls).filter((control) => control.about.parameter);
    return own.map(({ about }) => `${about.parameter} = ${this.values[about.name]}`).join("\n");
  }

  /**
   * The explorer's sentence of some values.
   * @param {import("./captions.js").Values} values
   */
  caption(values) {
    return fill(this.template, values);
  }

  /** @param {Drawn} drawn */
  say({ caption, numbers }) {
    const covered = this.guess?.covers(numbers) ?? false;
    this.stage.classList.toggle("ck-covered", covered);
    const text = covered ? "Guess first; then look." : this.guess?.nextTo(caption, numbers) ?? caption;
    this.status.textContent = text;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.announce(text), ANNOUNCE);
  }

  /** @param {string} words */
  announce(words) {
    this.live.textContent = words;
  }

  /**
   * What went wrong, in this frame; the pictures of other values are taken away.
   * @param {unknown} error
   */
  complain(error) {
    this.alarm.hidden = false;
    this.alarm.textContent = error instanceof Error ? error.message : String(error);
    this.status.textContent = "";
    this.live.textContent = "";
    clearTimeout(this.timer);
    this.stage.classList.add("ck-failed");
  }

  /** @param {import("./kernel.js").Answer} answer */
  receive(answer) {
    if (!this.view?.receive) return;
    this.view.receive(answer);
    this.paint();
  }

  /**
   * What is always seen: one guesses from it.
   * @param {...{ element: Element }} parts
   */
  show(...parts) {
    this.stage.append(...parts.map(({ element }) => element));
  }

  /**
   * What answers a guess, and is covered until there is one.
   * @param {...{ element: Element }} parts
   */
  showAfterGuess(...parts) {
    for (const { element } of parts) element.classList.add("ck-answer");
    this.show(...parts);
  }

  close() {
    clearTimeout(this.timer);
    this.view?.stop?.();
    this.kernel.close();
  }
}

/**
 * Keys stay with the explorer. The shortcuts of JupyterLab and Notebook 7 leave alone what carries this mark itself;
 * other hosts listen further out.
 * @param {HTMLElement} root
 */
function keepKeys(root) {
  root.addEventListener("focusin", ({ target }) => {
    /** @type {Element} */ (target).setAttribute("data-lm-suppress-shortcuts", "true");
  });
  root.addEventListener("keydown", (event) => event.stopPropagation());
}
