// @ts-check
// An image on its way through DSR: each stage's map, what a threshold makes of it, and the box around that.

import { decode, part } from "./arrays.js";
import { above, largeComponents, overlap, rectangle } from "./components.js";
import { heat } from "./heat.js";
import { rasterise, sum } from "./maths.js";
import { Picture } from "./picture.js";
import { fixed } from "./words.js";

/** @typedef {import("./maths.js").Box} Box */

/**
 * @typedef {object} Scene
 * @property {number} size
 * @property {import("./arrays.js").Packed} images
 * @property {import("./arrays.js").Packed} maps uint8 (n, stages, s, s)
 * @property {string[]} steps the stages' keys
 * @property {number} smallest the least share of the largest component
 * @property {Box[][]} boxes
 * @property {string[]} names
 */

const KEPT = /** @type {const} */ ([0, 114, 178, 0.6]);
const DROPPED = /** @type {const} */ ([213, 94, 0, 0.8]);

/**
 * carekit.course.explorers.saliency.words.
 * @param {{ above: number, kept: number, boxes: number, iou: number }} numbers
 * @param {string} name
 * @param {number} threshold
 */
function wordsOf({ above: share, kept, boxes, iou }, name, threshold) {
  const start = `${name}: ${fixed(share, 3)} of the image exceeds ${fixed(threshold)}, ${fixed(kept, 3)} is kept`;
  if (!boxes) return `${start}. There is no box: nothing stands out, or everything.`;
  return `${start}; its box overlaps the true one by ${fixed(iou, 3)}.`;
}

/**
 * @param {import("./frame.js").Frame} frame
 * @returns {import("./frame.js").View}
 */
export function saliency(frame) {
  /** @type {Scene} */
  const { size, boxes, names, steps, smallest, ...packed } = frame.scene;
  const images = decode(packed.images);
  const maps = decode(packed.maps);
  const found = new Picture("The image and the box that was found", size);
  const seen = new Picture("The map of this stage", size);
  const cut = new Picture("Above the threshold: kept (blue) and dropped (orange); the true box", size);
  frame.add(found, seen, cut);

  return {
    draw({ image, stage, threshold }) {
      const map = part(maps, image, steps.indexOf(stage));
      const mask = above(map, threshold);
      const kept = largeComponents(mask, size, smallest);
      const box = rectangle(kept, size);
      const iou = overlap(rasterise(box, size), rasterise(boxes[image], size));
      const numbers = { above: sum(mask) / mask.length, kept: sum(kept) / kept.length, boxes: box.length, iou };
      const words = wordsOf(numbers, names[image], threshold);
      const pixels = part(images, image);
      found.show({ image: pixels, boxes: box, text: words });
      seen.caption.textContent = frame.labelOf("stage", stage);
      seen.show({ smooth: false, paint: (i) => heat(map[i] / 255, 1), key: `${image} ${stage}`,
        text: `${frame.labelOf("stage", stage)}: bright where the border explains least` });
      cut.show({ image: pixels, grey: true, smooth: false, boxes: boxes[image],
        paint: (i) => (mask[i] ? (kept[i] ? KEPT : DROPPED) : null),
        text: `${fixed(numbers.kept, 3)} of the image is kept` });
      return { words, numbers };
    },
  };
}
