// @ts-check
// An image to paint on, and what each model says of it; the ink of the test on one image, and on all of them.

import { decode, part } from "./arrays.js";
import { button, html } from "./elements.js";
import { signedHeat } from "./heat.js";
import { InkBrush } from "./ink_brush.js";
import { InkCounts } from "./ink_counts.js";
import { asBase64, paintOn } from "./ink_paint.js";
import { largest, upsample } from "./maths.js";
import { Picture } from "./picture.js";
import { scaleBar } from "./scale_bar.js";
import { fixed } from "./words.js";

/** @typedef {import("./arrays.js").Packed} Packed */
/** @typedef {import("./arrays.js").Shaped} Shaped */
/** @typedef {{ probabilities: Packed, maps: Packed[] }} PackedAnswers */
/** @typedef {{ probabilities: Shaped, maps: Shaped[] }} Answers of each model, of one image or of all */

/**
 * @typedef {object} Scene
 * @property {number} size
 * @property {Packed} images clean
 * @property {Packed} marked the same with the test's ink
 * @property {import("./maths.js").Box[][]} boxes
 * @property {string[]} names
 * @property {string[]} classes
 * @property {number[]} labels
 * @property {number} rarest
 * @property {{ name: string, colour: string }[]} models
 * @property {[PackedAnswers, PackedAnswers]} answers of the clean and of the marked images
 * @property {import("./ink_counts.js").Count[]} counts
 */

/** @param {PackedAnswers} packed @returns {Answers} */
function unpack({ probabilities, maps }) {
  return { probabilities: decode(probabilities), maps: maps.map(decode) };
}

/** One model's answer: its map over the image, the class that it says, and how sure it is of the rarest class. */
class Answered {
  /**
   * @param {Scene} scene
   * @param {number} place of the model
   */
  constructor(scene, place) {
    this.scene = scene;
    this.place = place;
    const { name, colour } = scene.models[place];
    this.picture = new Picture(name, scene.size);
    this.fill = html("span", { class: "ck-meter-fill" });
    this.fill.style.background = colour;
    this.before = html("span", { class: "ck-meter-mark" });
    const meter = html("div", { class: "ck-meter", "aria-hidden": "true" }, this.fill, this.before);
    this.picture.element.append(meter);
    this.picture.element.style.borderTop = `4px solid ${colour}`;
    this.element = this.picture.element;
  }

  /**
   * @param {import("./arrays.js").Numbers} image
   * @param {number} row of the image
   * @param {{ chances: import("./arrays.js").Numbers, map: import("./arrays.js").Numbers, shape: number[] }} answer
   * @param {{ before: number, top: number }} about the chance of the clean image, and the end of the scale
   */
  show(image, row, { chances, map, shape: [u, v] }, { before, top }) {
    const { classes, rarest, labels, models, size, boxes } = this.scene;
    const said = chances.indexOf(Math.max(...chances));
    const sign = said === labels[row] ? "\u2713" : "\u2717";
    const large = upsample(map, u, v, size);
    const chance = chances[rarest];
    const text = `${models[this.place].name} ${sign} ${classes[said]}; ${classes[rarest]} ${fixed(chance)}`;
    this.picture.caption.textContent = text;
    this.picture.show({
      image, grey: true, boxes: boxes[row], paint: (i) => signedHeat(large[i], top),
      text: `${models[this.place].name} says ${classes[said]}; green speaks for ${classes[rarest]}, purple against it`,
    });
    this.fill.style.width = `${100 * chance}%`;
    this.before.style.left = `${100 * before}%`;
    return `${models[this.place].name} says ${classes[said]} (${classes[rarest]} ${fixed(chance)})`;
  }
}

/** What the models say of an image as it is now: known of clean and marked ones, asked of painted ones. */
class Asking {
  /** @param {import("./frame.js").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    /** @type {Scene} */
    const scene = frame.scene;
    this.known = scene.answers.map(unpack);
    this.count = scene.models.length;
    this.top = this.known[0].maps.map((map, m) => {
      const values = [...map.data, ...this.known[1].maps[m].data];
      return largest(Float64Array.from(values, Math.abs)) || 1;
    });
    this.key = "";
    /** @type {Answers | null} */
    this.answer = null;
  }

  /** @param {import("./kernel.js").Answer} answer */
  receive(answer) {
    this.key = answer.key;
    this.answer = unpack(/** @type {any} */ (answer));
  }

  /**
   * Each model's answer, and whether it is that of these pixels; until it comes, the one before stays.
   * @param {number} image
   * @param {boolean} inked
   * @param {import("./ink_paint.js").Stroke[]} strokes
   * @param {Uint8Array} pixels
   */
  find(image, inked, strokes, pixels) {
    if (!strokes.length) return { of: this.sent(image, inked), fresh: true };
    const key = JSON.stringify([image, inked, strokes]);
    if (key !== this.key && this.frame.kernel.latest?.key !== key) {
      this.frame.kernel.ask({ key, pixels: asBase64(pixels) });
    }
    const mine = this.answer && JSON.parse(this.key)[0] === image;
    const of = mine && this.answer ? this.read(this.answer, 0) : this.sent(image, inked);
    return { of, fresh: key === this.key };
  }

  /** @param {number} image @param {boolean} inked */
  sent(image, inked) {
    return this.read(this.known[inked ? 1 : 0], image);
  }

  /**
   * @param {Answers} answers
   * @param {number} image
   */
  read({ probabilities, maps }, image) {
    return Array.from({ length: this.count }, (_, m) => ({
      chances: part(probabilities, m, image), map: part(maps[m], image), shape: maps[m].shape.slice(1),
    }));
  }
}

/**
 * @param {import("./frame.js").Frame} frame
 * @returns {import("./frame.js").View}
 */
export function ink(frame) {
  /** @type {Scene} */
  const scene = frame.scene;
  const { size, names, classes, rarest, labels, counts } = scene;
  const clean = decode(scene.images);
  const marked = decode(scene.marked);
  const asking = new Asking(frame);
  const picture = new Picture("The image", size);
  const brush = new InkBrush(frame, picture);
  const answered = scene.models.map((_, place) => new Answered(scene, place));
  const table = new InkCounts(scene.models, counts, classes[rarest]);
  const others = counts[0].others;
  const draws = button("Draw the test\u2019s ink", () => frame.set({ inked: true }, true));
  const removes = button("Remove ink", () => {
    frame.set({ inked: false, strokes: { ...frame.values.strokes, [frame.values.image]: [] } }, true);
  });
  const undoes = button("Undo stroke", () => brush.undo());
  const all = button(`Ink on all ${others} other diseases`, () => frame.set({ all: !frame.values.all }, true));
  const bar = html("div", { class: "ck-tools ck-below" }, draws, removes, undoes, all);
  const desk = html("div", { class: "ck-desk" }, picture.element, bar, brush.hint);
  const maps = html("div", { class: "ck-pair ck-answer" }, ...answered.map(({ element }) => element),
    scaleBar(true, [`against ${classes[rarest]}`, "0", `for ${classes[rarest]}`]));
  frame.premise({ element: desk });
  frame.stage.append(maps);
  frame.add(table);
  if (frame.kernel.alone) {
    for (const each of [frame.controls.tool.element, frame.controls.width.element, undoes]) each.hidden = true;
  }

  return {
    receive: (answer) => asking.receive(answer),
    draw({ image, inked, strokes: painted, all: everywhere }) {
      const strokes = painted?.[image] ?? [];
      const pixels = paintOn(part(inked ? marked : clean, image), part(clean, image), size, strokes);
      const { of, fresh } = asking.find(image, inked, strokes, pixels);
      const state = strokes.length ? "painted on" : inked ? "with the test\u2019s ink" : "clean";
      picture.caption.textContent = `${names[image]}, ${state}`;
      picture.show({ image: pixels, boxes: scene.boxes[image], text: `${names[image]}, ${state}` });
      brush.mark();
      draws.setAttribute("aria-pressed", String(inked));
      all.setAttribute("aria-pressed", String(everywhere));
      removes.disabled = !inked && !strokes.length;
      undoes.disabled = !strokes.length;
      const untouched = asking.sent(image, false);
      const said = of.map((answer, m) => answered[m].show(pixels, image, answer, {
        before: untouched[m].chances[rarest], top: asking.top[m],
      }));
      table.element.hidden = !everywhere;
      const name = names[image][0].toUpperCase() + names[image].slice(1);
      const waiting = fresh ? "" : " The models are being asked ...";
      const told = everywhere ? ` ${table.words}` : "";
      const chances = Object.fromEntries(of.map((each, m) => [`rare_${m}`, each.chances[rarest]]));
      const right = of.filter(({ chances: each }) => each.indexOf(Math.max(...each)) === labels[image]).length;
      return {
        words: `${name}, ${state}: ${said.join("; ")}.${told}${waiting}`,
        numbers: { ...chances, right, turned: everywhere ? counts[0].with : NaN },
      };
    },
  };
}
