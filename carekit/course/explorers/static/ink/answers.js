// @ts-check
// What the models say: sent with the page for each image, clean and with the test's ink, or asked for one painted on.

import { decode, part } from "../arrays.js";
import { largest } from "../maths.js";
import { asBase64 } from "./paint.js";

/** @typedef {import("../arrays.js").Packed} Packed */
/** @typedef {import("../arrays.js").Shaped} Shaped */
/** @typedef {{ probabilities: Packed, maps: Packed[] }} PackedAnswers */
/** @typedef {{ probabilities: Shaped, maps: Shaped[] }} Answers of each model, of one image or of all */
/** @typedef {import("../arrays.js").Numbers} Numbers */
/** @typedef {{ chances: Numbers, map: Numbers, shape: number[] }} Answer */

/**
 * @typedef {object} Scene
 * @property {number} size
 * @property {Packed} images clean
 * @property {Packed} marked the same with the test's ink
 * @property {import("../maths.js").Box[][]} boxes
 * @property {string[]} names
 * @property {string} answer the template of what a model says
 * @property {string[]} classes
 * @property {number[]} labels
 * @property {number} rarest
 * @property {{ name: string, colour: string }[]} models
 * @property {[PackedAnswers, PackedAnswers]} answers of the clean and of the marked images
 * @property {import("./counts.js").Count[]} counts
 * @property {import("./thumbnails.js").Sheet} thumbnails
 */

/** @param {PackedAnswers} packed @returns {Answers} */
function unpack({ probabilities, maps }) {
  return { probabilities: decode(probabilities), maps: maps.map(decode) };
}

/** What the models say of an image as it is now: known of clean and marked ones, asked of painted ones. */
export class AnswerSource {
  /** @param {import("../frame.js").Frame} frame */
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

  /** @param {import("../kernel.js").Answer} answer */
  receive(answer) {
    this.key = answer.key;
    this.answer = unpack(/** @type {any} */ (answer));
  }

  /**
   * Each model's answer, and whether it is that of these pixels; until it comes, the one before stays.
   * @param {number} image
   * @param {boolean} inked
   * @param {import("./paint.js").Stroke[]} strokes
   * @param {Uint8Array} pixels
   */
  find(image, inked, strokes, pixels) {
    if (!strokes.length) return { answers: this.sent(image, inked), fresh: true };
    const key = JSON.stringify([image, inked, strokes]);
    if (key !== this.key && this.frame.kernel.latest?.key !== key) {
      this.frame.kernel.ask({ key, pixels: asBase64(pixels) });
    }
    const mine = this.answer && JSON.parse(this.key)[0] === image;
    const answers = mine && this.answer ? this.read(this.answer, 0) : this.sent(image, inked);
    return { answers, fresh: key === this.key };
  }

  /** @param {number} image @param {boolean} inked */
  sent(image, inked) {
    return this.read(this.known[inked ? 1 : 0], image);
  }

  /**
   * @param {Answers} answers
   * @param {number} image
   * @returns {Answer[]}
   */
  read({ probabilities, maps }, image) {
    return Array.from({ length: this.count }, (_, m) => ({
      chances: part(probabilities, m, image), map: part(maps[m], image), shape: maps[m].shape.slice(1),
    }));
  }
}
