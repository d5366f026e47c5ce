// @ts-check
// An image to paint on, and what each model says of it; the ink of the test on one image, and on all of them.

import { decode, part } from "../arrays.js";
import { button, html } from "../elements.js";
import { Picture } from "../picture.js";
import { scaleBar } from "../scale_bar.js";
import { capital } from "../words.js";
import { AnswerPicture } from "./answer_picture.js";
import { AnswerSource } from "./answers.js";
import { InkBrush } from "./brush.js";
import { InkCounts } from "./counts.js";
import { numbersOf, sentenceOf } from "./numbers.js";
import { paintOn } from "./paint.js";
import { Thumbnails } from "./thumbnails.js";

/** @typedef {import("./answers.js").Scene} Scene */
/** @typedef {import("../frame.js").Values} Values */

/** The image to paint on, with its buttons. */
class Desk {
  /** @param {import("../frame.js").Frame} frame */
  constructor(frame) {
    /** @type {Scene} */
    const { size, counts } = frame.scene;
    this.picture = new Picture("The image", size);
    this.brush = new InkBrush(frame, this.picture);
    this.draws = button("Draw the test\u2019s ink", () => frame.set({ inked: true }, true));
    this.removes = button("Remove ink", () => {
      frame.set({ inked: false, strokes: { ...frame.values.strokes, [frame.values.image]: [] } }, true);
    });
    this.undoes = button("Undo stroke", () => this.brush.undo());
    const text = `Ink on all ${counts[0].others} other diseases`;
    this.all = button(text, () => frame.set({ all: !frame.values.all }, true));
    const bar = html("div", { class: "ck-tools ck-below" }, this.draws, this.removes, this.undoes, this.all);
    this.element = html("div", { class: "ck-desk" }, this.picture.element, bar, this.brush.hint);
    if (!frame.kernel.alone) return;
    // Without a kernel no model answers what is painted.
    for (const element of [frame.controls.tool.element, frame.controls.width.element, this.undoes]) {
      element.hidden = true;
    }
  }

  /**
   * @param {Uint8Array} image
   * @param {import("../maths.js").Box[]} boxes
   * @param {string} text
   * @param {Values} values
   * @param {number} strokes
   */
  show(image, boxes, text, { inked, all }, strokes) {
    this.picture.caption.textContent = text;
    this.picture.show({ image, boxes, text });
    this.brush.mark();
    this.draws.setAttribute("aria-pressed", String(inked));
    this.all.setAttribute("aria-pressed", String(all));
    this.removes.disabled = !inked && !strokes;
    this.undoes.disabled = !strokes;
  }
}

/**
 * @param {import("../frame.js").Frame} frame
 * @returns {import("../frame.js").View}
 */
export function view(frame) {
  /** @type {Scene} */
  const scene = frame.scene;
  const { size, names, classes, rarest, labels, counts, boxes } = scene;
  const clean = decode(scene.images);
  const marked = decode(scene.marked);
  const source = new AnswerSource(frame);
  const desk = new Desk(frame);
  const pictures = scene.models.map((_, place) => new AnswerPicture(scene, place));
  const table = new InkCounts(scene.models, counts, classes[rarest]);
  const maps = html("div", { class: "ck-pair" }, ...pictures.map(({ element }) => element),
    scaleBar(true, [`against ${classes[rarest]}`, "0", `for ${classes[rarest]}`]));
  const thumbnails = new Thumbnails(scene.thumbnails, scene.models, classes[rarest]);
  frame.show(desk);
  frame.showAfterGuess({ element: maps }, table, thumbnails);

  return {
    receive: (answer) => source.receive(answer),
    draw(values) {
      const { image, inked, all } = values;
      const strokes = values.strokes?.[image] ?? [];
      const pixels = paintOn(part(inked ? marked : clean, image), part(clean, image), size, strokes);
      const { answers, fresh } = source.find(image, inked, strokes, pixels);
      const state = strokes.length ? "painted on" : inked ? "with the test\u2019s ink" : "clean";
      desk.show(pixels, boxes[image], `${names[image]}, ${state}`, values, strokes.length);
      const untouched = source.sent(image, false);
      answers.forEach((answer, m) => {
        const ends = { before: untouched[m].chances[rarest], top: source.top[m] };
        pictures[m].show(pixels, image, answer, ends);
      });
      table.element.hidden = !all;
      thumbnails.show(all);
      const name = capital(names[image]);
      const said = { answers: sentenceOf(answers, scene), counts: all && table.sentence, waiting: !fresh };
      return {
        caption: frame.caption({ name, state, ...said }),
        numbers: { ...numbersOf(answers, labels[image], rarest), turned: all ? counts[0].with : NaN },
      };
    },
  };
}
