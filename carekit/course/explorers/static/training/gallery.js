// @ts-check
// Small pictures of all images in their order, with what each model makes of them; one is chosen by mouse or keys.

import { html, uniqueId } from "../elements.js";
import { part } from "../arrays.js";
import { Picture } from "../picture.js";

/** @typedef {import("./chart.js").Arm} Arm */
/** @typedef {import("./numbers.js").Right} Right */

const WAYS = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 });
/** Of each group: what it is called, and whether the two models are right in it. */
const GROUPS = /** @type {const} */ ([["gained by CARE", true, false], ["lost by CARE", false, true]]);

/** One image of the gallery. */
class Small {
  /**
   * @param {import("../arrays.js").Numbers} image
   * @param {number} size
   * @param {Arm[]} arms
   */
  constructor(image, size, arms) {
    const picture = new Picture("", size, size);
    picture.show({ image });
    picture.canvas.setAttribute("aria-hidden", "true");
    picture.canvas.removeAttribute("role");
    this.signs = arms.map(({ colour }) => {
      const sign = html("span", { class: "ck-sign ck-answer", "aria-hidden": "true" });
      sign.style.borderColor = colour;
      return sign;
    });
    this.element = html("div", { role: "option", id: uniqueId(), class: "ck-small-picture" },
      picture.canvas, html("div", { class: "ck-signs" }, ...this.signs));
  }
}

export class Gallery {
  /**
   * @param {{ size: number, names: string[] }} scene
   * @param {import("../arrays.js").Shaped} images
   * @param {Arm[]} arms
   * @param {(image: number) => void} choose
   */
  constructor({ size, names }, images, arms, choose) {
    this.names = names;
    this.arms = arms;
    this.choose = choose;
    this.chosen = 0;
    this.small = names.map((_, i) => new Small(part(images, i), size, arms));
    /** @type {number[]} those that are shown, in their order */
    this.shown = names.map((_, i) => i);
    this.list = html("div", { role: "listbox", tabindex: 0, "aria-label": "Images", class: "ck-gallery-list" });
    this.badge = html("p", { class: "ck-badge ck-answer" });
    this.element = html("div", { class: "ck-gallery" }, this.badge, this.list);
    this.small.forEach(({ element }, i) => element.addEventListener("click", () => choose(i)));
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.last = "";
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const at = this.shown.indexOf(this.chosen);
    const last = this.shown.length - 1;
    const to = { Home: 0, End: last }[event.key] ?? (event.key in WAYS ? at + WAYS[event.key] : NaN);
    if (Number.isNaN(to)) return;
    event.preventDefault();
    const next = this.shown[Math.min(Math.max(to, 0), last)];
    if (next !== undefined) this.choose(next);
  }

  /**
   * @param {Right[]} right of each image
   * @param {number} chosen
   * @param {boolean} disagree whether only those are shown on which the models disagree
   */
  show(right, chosen, disagree) {
    const key = JSON.stringify([right, disagree]);
    if (key !== this.last) this.renew(right, disagree);
    this.last = key;
    this.chosen = chosen;
    this.small.forEach(({ element }, i) => element.setAttribute("aria-selected", String(i === chosen)));
    const id = this.shown.includes(chosen) ? this.small[chosen].element.id : "";
    this.list.setAttribute("aria-activedescendant", id);
  }

  /**
   * @param {Right[]} right
   * @param {boolean} disagree
   */
  renew(right, disagree) {
    right.forEach((each, i) => {
      const { element, signs } = this.small[i];
      signs.forEach((sign, arm) => { sign.textContent = each[arm] ? "\u2713" : "\u2717"; });
      const told = this.arms.map(({ name }, arm) => `${name} ${each[arm] ? "right" : "wrong"}`);
      element.setAttribute("aria-label", `${this.names[i]}: ${told.join(", ")}`);
    });
    const groups = GROUPS.map(([text, ...wanted]) => {
      const places = right.flatMap((each, i) => (each.every((value, arm) => value === wanted[arm]) ? [i] : []));
      return { text, places };
    });
    this.shown = disagree ? groups.flatMap(({ places }) => places) : right.map((_, i) => i);
    const one = [{ text: "", places: this.shown }];
    this.list.replaceChildren(...(disagree ? groups : one).map((group) => this.group(group)));
    this.badge.replaceChildren(...this.told(right, groups.map(({ places }) => places.length)));
  }

  /** @param {{ text: string, places: number[] }} group */
  group({ text, places }) {
    const label = text && `${places.length} ${text}`;
    const head = html("span", { class: "ck-note", "aria-hidden": "true" }, label);
    return html("div", { role: "group", "aria-label": label || "all images", class: "ck-gallery-group" },
      ...(label ? [head] : []), ...places.map((i) => this.small[i].element));
  }

  /**
   * @param {Right[]} right
   * @param {number[]} counts gained and lost
   */
  told(right, [gained, lost]) {
    const found = this.arms.map(({ long, colour }, arm) => {
      const mark = html("b", {}, `${long} ${right.filter((each) => each[arm]).length}`);
      mark.style.borderBottom = `3px solid ${colour}`;
      return mark;
    });
    return ["Right: ", found[0], ", ", found[1], ` of ${right.length}. They disagree on ${gained + lost}: ` +
      `CARE gains ${gained} and loses ${lost}.`];
  }
}
