// @ts-check
// carekit.course.explorers.saliency.numbers: what a threshold makes of a stage's map.

import { rasterise, sum } from "../maths.js";
import { above, largeComponents, overlap, rectangle } from "./components.js";

/**
 * Where the map exceeds the threshold, what of it is kept, the box around that, and the explorer's numbers.
 * @param {import("../arrays.js").Numbers} map 0 to 255
 * @param {import("../maths.js").Box[]} boxes the true ones
 * @param {{ size: number, smallest: number }} scene
 * @param {number} threshold
 */
export function cutOf(map, boxes, { size, smallest }, threshold) {
  const mask = above(map, threshold);
  const kept = largeComponents(mask, size, smallest);
  const box = rectangle(kept, size);
  const iou = overlap(rasterise(box, size), rasterise(boxes, size));
  const numbers = { above: sum(mask) / mask.length, kept: sum(kept) / kept.length, boxes: box.length, iou };
  return { mask, kept, box, numbers };
}
