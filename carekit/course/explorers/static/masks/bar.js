// @ts-check
// A button for each box, which the keys act on, and buttons to add, remove and save.

import { button, html, uniqueId } from "../elements.js";
import { nice } from "../words.js";

/** @typedef {import("../maths.js").Box} Box */

/** @type {Record<string, [number, number]>} */
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HINT = "Drag a box, its edges or its corners; drag beside the boxes to draw one. Keys: Tab to a box, " +
  "arrows move it, Shift and arrows resize it, Insert adds one, Delete removes it, " +
  "Ctrl and Z takes the last change back.";
const ALONE = "Saving needs a running kernel: open the notebook and run it.";

/** @param {Box} box */
export function boxText([x0, y0, x1, y1]) {
  return `left ${nice(x0)}, top ${nice(y0)}, ${nice(x1 - x0)} wide, ${nice(y1 - y0)} high`;
}

export class BoxBar {
  /**
   * @param {import("../frame.js").Frame} frame
   * @param {import("./store.js").BoxStore} store
   * @param {import("./editor.js").BoxEditor} editor
   */
  constructor(frame, store, editor) {
    this.frame = frame;
    this.store = store;
    this.editor = editor;
    this.id = uniqueId();
    this.moved = false;
    /** @type {Record<number, string>} */
    this.told = {};
    this.list = html("span", { role: "group", "aria-label": "Boxes", class: "ck-boxes" });
    this.note = html("span", { id: `${this.id}-note`, role: "status", class: "ck-note" });
    this.adds = button("Add box", () => this.add());
    this.removes = button("Remove box", () => this.remove());
    this.undoes = button("Undo", () => this.undo());
    this.saves = button("Save boxes", () => this.save(false), { "aria-describedby": this.note.id });
    this.savesNext = button("Save, next image", () => this.save(true), { "aria-describedby": this.note.id });
    for (const each of [this.saves, this.savesNext]) each.disabled = frame.kernel.alone;
    this.onwards = false;
    editor.done = () => this.focus();
    const hint = html("p", { id: this.id, class: "ck-note ck-hint" }, HINT);
    this.element = html("div", { class: "ck-tools ck-below" },
      this.list, this.adds, this.removes, this.undoes, this.saves, this.savesNext, this.note, hint);
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("keyup", ({ key }) => { if (KEYS[key]) this.settle(); });
    this.element.addEventListener("focusout", () => this.settle());
  }

  /** Tell the kernel of what keys have moved, once they are let go. */
  settle() {
    if (this.moved) this.store.set(this.store.now, true);
    this.moved = false;
  }

  /** @returns {HTMLElement[]} */
  get buttons() {
    return /** @type {HTMLElement[]} */ ([...this.list.children]);
  }

  /** Follow the boxes; buttons are kept where they can be, so that the focus is. */
  show() {
    const boxes = this.store.now;
    const { chosen } = this.editor;
    while (this.list.children.length > boxes.length) this.list.lastChild?.remove();
    while (this.list.children.length < boxes.length) this.list.append(this.boxButton(this.list.children.length));
    this.buttons.forEach((made, i) => {
      made.setAttribute("aria-pressed", String(i === chosen));
      made.setAttribute("aria-label", `Box ${i + 1} of ${boxes.length}: ${boxText(boxes[i])}`);
    });
    this.removes.disabled = chosen < 0;
    this.undoes.disabled = !this.store.history.length;
    this.note.textContent = this.noteOf();
  }

  /** @param {number} box */
  boxButton(box) {
    const made = button(`Box ${box + 1}`, () => this.editor.choose(box), { "aria-describedby": this.id });
    made.addEventListener("focus", () => this.editor.choose(box));
    return made;
  }

  /** @returns {string} */
  noteOf() {
    if (this.frame.kernel.alone) return ALONE;
    const { scene } = this.frame;
    const { image, unsaved, annotated } = this.store;
    const told = unsaved.includes(image) ? "Changed, not saved." : this.told[image] ?? scene.note;
    const others = unsaved.filter((each) => each !== image).map((each) => scene.names[each]);
    const elsewhere = others.length ? ` Not saved, either: ${others.join(", ")}.` : "";
    return `${annotated.size} of ${scene.names.length} annotated. ${told}${elsewhere}`;
  }

  /** The keys act on the box that a mouse or a finger chose. */
  focus() {
    this.show();
    this.buttons[this.editor.chosen]?.focus({ preventScroll: true });
  }

  undo() {
    this.store.undo();
    this.editor.chosen = -1;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const by = KEYS[event.key];
    const onBox = this.buttons.some((made) => made === event.target) && this.editor.chosen >= 0;
    if (by && onBox) {
      this.editor.nudge(by, event.shiftKey);
      this.moved = true;
    } else if (event.key === "Insert") this.add();
    else if (event.key === "Delete") this.remove();
    else if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.undo();
    else return;
    event.preventDefault();
  }

  add() {
    const { size } = this.frame.scene;
    const low = Math.floor(size / 3);
    const high = Math.max(Math.ceil((2 * size) / 3), low + 1);
    this.editor.chosen = this.store.now.length;
    this.store.set([...this.store.now, [low, low, high, high]], true);
    this.show();
    this.buttons[this.buttons.length - 1].focus();
  }

  remove() {
    const { editor, store } = this;
    if (editor.chosen < 0) return;
    const boxes = store.now.filter((_, i) => i !== editor.chosen);
    editor.chosen = Math.min(editor.chosen, boxes.length - 1);
    store.set(boxes, true);
    this.show();
    (this.buttons[editor.chosen] ?? this.adds).focus();
  }

  /** @param {boolean} onwards whether the next image that is not annotated comes then */
  save(onwards) {
    if (this.frame.kernel.asked) {
      this.frame.announce("The last boxes are still being saved.");
      return;
    }
    this.onwards = onwards;
    this.frame.kernel.ask({ image: this.store.image, boxes: this.store.now });
  }

  /**
   * @param {number} image
   * @param {Box[]} boxes
   */
  saved(image, boxes) {
    const plural = boxes.length === 1 ? "" : "es";
    this.told[image] = `Saved ${boxes.length} box${plural} of ${this.frame.scene.names[image]}.`;
    this.store.saved(image, boxes);
    const { next } = this.store;
    if (this.onwards && next !== null) this.frame.set({ image: next }, true);
    this.onwards = false;
  }
}
