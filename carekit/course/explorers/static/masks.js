// @ts-check
// Boxes under the learner's fingers, and what they make of M_in and M_out.

import { decode, part } from "./arrays.js";
import { html } from "./elements.js";
import { heat } from "./heat.js";
import { BoxBar, boxText } from "./masks_bar.js";
import { BoxEditor } from "./masks_editor.js";
import { MapShare } from "./masks_share.js";
import { BoxStore } from "./masks_store.js";
import { distanceOutside, largest, rasterise, scaleBoxes, sum } from "./maths.js";
import { shareText } from "./overlay.js";
import { Picture } from "./picture.js";
import { fixed, nice } from "./words.js";

/** @typedef {import("./maths.js").Box} Box */

/**
 * @typedef {object} Scene
 * @property {number} size
 * @property {import("./arrays.js").Packed} images
 * @property {import("./arrays.js").Packed | null} maps of the true class, (n, u, v), where a model was given
 * @property {Box[][]} boxes
 * @property {string[]} names
 * @property {number[]} annotated the images that the table has
 * @property {string} note what saving does
 */

const SHADES = 255; // of a mask

/**
 * carekit.course.explorers.masks.masks: M_out by distance needs a box, otherwise it is NaN.
 * @param {Box[]} scaled
 * @param {number} size
 * @param {string} outer
 */
function masksOf(scaled, size, outer) {
  const inner = rasterise(scaled, size);
  if (outer === "binary") return { inner, outer: inner.map((value) => 1 - value) };
  if (!scaled.length) return { inner, outer: new Float64Array(size * size).fill(NaN) };
  return { inner, outer: distanceOutside(inner, size) };
}

/**
 * carekit.course.explorers.masks.words.
 * @param {{ inside: number, outer_sum: number, boxes: number, share?: number }} numbers
 * @param {string} name
 * @param {number} scale
 * @param {string} outer
 */
function wordsOf({ inside, outer_sum, boxes, share }, name, scale, outer) {
  if (!boxes) return `${name} has no box: it takes no part in the attention loss.`;
  const area = fixed(inside, 3);
  const plural = boxes > 1 ? "es" : "";
  const start = `${name}, ${boxes} box${plural} at scale ${fixed(scale)}: ${area} of the image`;
  const end = share === undefined ? "" : ` Share of the map inside: ${shareText(share, inside)}.`;
  if (!outer_sum) return `${start} lies inside. M_out is empty, so L_out counts as 0.${end}`;
  return `${start} lies inside, M_out ${outer} sums to ${fixed(outer_sum, 1)}.${end}`;
}

/**
 * The images: the first come with the page, the others are asked from the kernel.
 * @param {import("./frame.js").Frame} frame
 * @param {import("./arrays.js").Shaped} sent
 */
function imagesOf(frame, sent) {
  /** @type {Map<number, import("./arrays.js").Numbers>} */
  const kept = new Map();
  return {
    /** @param {number} image @param {import("./arrays.js").Packed} pixels */
    keep: (image, pixels) => { kept.set(image, decode(pixels).data); },
    /** @param {number} image */
    find: (image) => {
      const count = sent.shape[0];
      if (image < count) return part(sent, image);
      const found = kept.get(image);
      if (found) return found;
      if (frame.kernel.alone) {
        throw new Error(`Images 0 to ${count - 1} are on this page; for image ${image} open the notebook and run it.`);
      }
      if (frame.kernel.latest?.image !== image) frame.kernel.ask({ do: "image", image });
      return null;
    },
  };
}

/**
 * The image stays uncovered while a guess is asked for: it is what one guesses from. What grows under a finger is
 * below it, so that the picture keeps its place.
 * @param {import("./frame.js").Frame} frame
 * @param {...Element} parts
 */
function beforeTheStage(frame, ...parts) {
  const desk = html("div", { class: "ck-stage" });
  frame.stage.replaceWith(desk);
  frame.stage.classList.add("ck-beside");
  desk.append(html("div", { class: "ck-desk" }, ...parts), frame.stage);
}

/**
 * @param {import("./frame.js").Frame} frame
 * @returns {import("./frame.js").View}
 */
export function masks(frame) {
  /** @type {Scene} */
  const { size, names, maps, ...packed } = frame.scene;
  const images = imagesOf(frame, decode(packed.images));
  const store = new BoxStore(frame);
  const picture = new Picture("The image and its boxes", size);
  const editor = new BoxEditor(picture, store);
  const bar = new BoxBar(frame, store, editor);
  const map = new MapShare(maps, size);
  const inner = new Picture("M_in", size);
  const outside = new Picture("M_out", size);
  beforeTheStage(frame, picture.element, map.element, bar.element);
  frame.add(inner, outside);
  const shades = Array.from({ length: SHADES + 1 }, (_, i) => heat(i / SHADES, 1));
  let last = "";
  let arrays = masksOf([], size, "binary");

  /** @param {string} kind */
  const showMasks = (kind) => {
    const share = fixed(sum(arrays.inner) / arrays.inner.length, 3);
    const top = largest(arrays.outer);
    const step = top > 0 ? SHADES / top : 0;
    const text = `M_in: 1 on ${share} of the image`;
    inner.show({ smooth: false, paint: (i) => shades[SHADES * arrays.inner[i]], text });
    const caption = kind === "binary" ? "M_out: 1 outside"
      : `M_out: distance to the box, up to ${fixed(top)} of the diagonal`;
    outside.caption.textContent = caption;
    outside.show({ smooth: false, paint: (i) => shades[Math.round(arrays.outer[i] * step) || 0], text: caption });
  };

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
    draw({ image, box_scale, outer, map: seen }) {
      const pixels = images.find(image);
      frame.stage.parentElement?.classList.toggle("ck-away", !pixels);
      if (!pixels) return { words: `Asking the kernel for image ${image} of the explorer.`, numbers: {} };
      const boxes = store.now;
      const scaled = scaleBoxes(boxes, box_scale, size);
      const key = JSON.stringify([scaled, outer]);
      if (key !== last) {
        arrays = masksOf(scaled, size, outer);
        showMasks(outer);
      }
      last = key;
      const paint = map.over(image, seen);
      editor.show({ image: pixels, grey: !!paint, paint, key: `${image} ${!!paint}` }, scaled, box_scale);
      bar.show();
      describe(image, box_scale);
      const inside = sum(arrays.inner) / arrays.inner.length;
      const numbers = { inside, outer_sum: sum(arrays.outer), boxes: boxes.length, ...map.show(arrays.inner) };
      const chosen = boxes[editor.chosen];
      const about = chosen ? ` Box ${editor.chosen + 1} of ${boxes.length} is chosen: ${boxText(chosen)}.` : "";
      const words = wordsOf(numbers, names[image], box_scale, frame.labelOf("outer", outer));
      return { words: words + about, numbers, arrays };
    },
    receive: ({ image, boxes, pixels }) => (pixels ? images.keep(image, pixels) : bar.saved(image, boxes)),
  };
}
