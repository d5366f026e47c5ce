// @ts-check
// Boxes under the learner's fingers, and what they make of M_in and M_out.

import { decode } from "../arrays.js";
import { html } from "../elements.js";
import { heat } from "../heat.js";
import { largest, scaleBoxes } from "../maths.js";
import { Picture } from "../picture.js";
import { fixed, nice } from "../words.js";
import { BoxBar, boxText } from "./bar.js";
import { BoxEditor } from "./editor.js";
import { imagesOf } from "./images.js";
import { masksOf, numbersOf } from "./numbers.js";
import { MapShare } from "./share.js";
import { BoxStore } from "./store.js";

/** @typedef {import("../maths.js").Box} Box */

/**
 * @typedef {object} Scene
 * @property {number} size
 * @property {import("../arrays.js").Packed} images
 * @property {import("../arrays.js").Packed | null} maps of the true class, (n, u, v), where a model was given
 * @property {Box[][]} boxes
 * @property {string[]} names
 * @property {number[]} annotated the images that the table has
 * @property {string} note what saving does
 */

const SHADES = 255; // of a mask

/** The pictures of both masks. */
class MaskPictures {
  /** @param {number} size */
  constructor(size) {
    this.size = size;
    this.inner = new Picture("M_in", size);
    this.outer = new Picture("M_out", size);
    this.shades = Array.from({ length: SHADES + 1 }, (_, i) => heat(i / SHADES, 1));
    this.key = "";
    this.masks = masksOf([], size, "binary");
  }

  /**
   * The masks of boxes, painted where they changed.
   * @param {Box[]} scaled
   * @param {string} outer
   */
  follow(scaled, outer) {
    const key = JSON.stringify([scaled, outer]);
    if (key !== this.key) {
      this.masks = masksOf(scaled, this.size, outer);
      this.paint(outer);
    }
    this.key = key;
    return this.masks;
  }

  /** @param {string} kind */
  paint(kind) {
    const { inner, outer } = this.masks;
    const { inside } = numbersOf(this.masks, 0, null);
    const top = largest(outer);
    const step = top > 0 ? SHADES / top : 0;
    const text = `M_in: 1 on ${fixed(inside, 3)} of the image`;
    this.inner.show({ smooth: false, paint: (i) => this.shades[SHADES * inner[i]], text });
    const caption = kind === "binary" ? "M_out: 1 outside"
      : `M_out: distance to the box, up to ${fixed(top)} of the diagonal`;
    this.outer.caption.textContent = caption;
    this.outer.show({ smooth: false, paint: (i) => this.shades[Math.round(outer[i] * step) || 0], text: caption });
  }
}

/**
 * The image stays uncovered while a guess is asked for: it is what one guesses from. What grows under a finger is
 * below it, so that the picture keeps its place.
 * @param {import("../frame.js").Frame} frame
 * @param {...Element} parts
 */
function beforeTheStage(frame, ...parts) {
  const desk = html("div", { class: "ck-stage" });
  frame.stage.replaceWith(desk);
  frame.stage.classList.add("ck-beside");
  desk.append(html("div", { class: "ck-desk" }, ...parts), frame.stage);
}

/**
 * @param {import("../frame.js").Frame} frame
 * @returns {import("../frame.js").View}
 */
export function view(frame) {
  /** @type {Scene} */
  const { size, names, maps, ...packed } = frame.scene;
  const images = imagesOf(frame, decode(packed.images));
  const store = new BoxStore(frame);
  const picture = new Picture("The image and its boxes", size);
  const editor = new BoxEditor(picture, store);
  const bar = new BoxBar(frame, store, editor);
  const map = new MapShare(maps, size);
  const pictures = new MaskPictures(size);
  beforeTheStage(frame, picture.element, map.element, bar.element);
  frame.showAfterGuess(pictures.inner, pictures.outer);

  /**
   * @param {number} image
   * @param {number} scale
   */
  const describe = (image, scale) => {
    const caption = `${names[image]}${scale === 1 ? "" : `, box × ${nice(scale)}; dashed: as drawn`}`;
    picture.caption.textContent = caption;
    picture.say(`${caption}. ${store.now.map(boxText).join("; ") || "No box"}`);
  };

  return {
    draw({ image, box_scale, outer, map: mapIsOn }) {
      const pixels = images.find(image);
      frame.stage.parentElement?.classList.toggle("ck-away", !pixels);
      if (!pixels) return { caption: `Asking the kernel for image ${image} of the explorer.`, numbers: {} };
      const boxes = store.now;
      const scaled = scaleBoxes(boxes, box_scale, size);
      const arrays = pictures.follow(scaled, outer);
      const paint = map.over(image, mapIsOn);
      editor.show({ image: pixels, grey: !!paint, paint, key: `${image} ${!!paint}` }, scaled, box_scale);
      bar.show();
      describe(image, box_scale);
      const numbers = numbersOf(arrays, boxes.length, map.large);
      map.show(numbers);
      const box = boxes[editor.chosen];
      const chosen = box ? ` Box ${editor.chosen + 1} of ${boxes.length} is chosen: ${boxText(box)}.` : "";
      const values = { ...numbers, name: names[image], box_scale, outer: frame.labelOf("outer", outer) };
      return { caption: frame.caption(values) + chosen, numbers, arrays };
    },
    receive: ({ image, boxes, pixels }) => (pixels ? images.keep(image, pixels) : bar.saved(image, boxes)),
  };
}
