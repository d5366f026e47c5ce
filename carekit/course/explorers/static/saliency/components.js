// @ts-check
// carekit.material.autobox.components: what exceeds a threshold, its components, the rectangle around the large ones.

/** @typedef {import("../arrays.js").Numbers} Numbers */
/** @typedef {import("../maths.js").Box} Box */

const MOST = 0.98; // a region that covers more than this of the image says nothing

/**
 * Where a map of 0 to 255 exceeds a threshold in (0, 1).
 * @param {Numbers} map
 * @param {number} threshold
 */
export function above(map, threshold) {
  return Uint8Array.from(map, (value) => (value / 255 > threshold ? 1 : 0));
}

/**
 * The mask without the components, connected by sides and corners, that are less than a share of the largest.
 * @param {Uint8Array} mask
 * @param {number} size
 * @param {number} smallest
 */
export function largeComponents(mask, size, smallest) {
  const parts = componentsOf(mask, size);
  const most = Math.max(0, ...parts.map((part) => part.length));
  const kept = new Uint8Array(mask.length);
  for (const part of parts) {
    if (part.length >= smallest * most) part.forEach((i) => { kept[i] = 1; });
  }
  return kept;
}

/**
 * The pixels of each component.
 * @param {Uint8Array} mask
 * @param {number} size
 */
function componentsOf(mask, size) {
  const seen = new Uint8Array(mask.length);
  /** @type {number[][]} */
  const parts = [];
  mask.forEach((value, start) => {
    if (!value || seen[start]) return;
    const part = [start];
    seen[start] = 1;
    for (let next = 0; next < part.length; next++) {
      for (const i of around(part[next], size)) {
        if (!mask[i] || seen[i]) continue;
        seen[i] = 1;
        part.push(i);
      }
    }
    parts.push(part);
  });
  return parts;
}

/**
 * The pixel's neighbours, itself among them.
 * @param {number} pixel
 * @param {number} size
 */
function around(pixel, size) {
  const row = Math.floor(pixel / size);
  const column = pixel % size;
  const found = [];
  for (let i = Math.max(0, row - 1); i <= Math.min(size - 1, row + 1); i++) {
    for (let j = Math.max(0, column - 1); j <= Math.min(size - 1, column + 1); j++) found.push(i * size + j);
  }
  return found;
}

/**
 * The tight rectangle around a mask; none for one that is empty or full.
 * @param {Uint8Array} mask
 * @param {number} size
 * @returns {Box[]}
 */
export function rectangle(mask, size) {
  let [x0, y0, x1, y1, count] = [size, size, 0, 0, 0];
  mask.forEach((value, i) => {
    if (!value) return;
    const row = Math.floor(i / size);
    const column = i % size;
    x0 = Math.min(x0, column);
    y0 = Math.min(y0, row);
    x1 = Math.max(x1, column + 1);
    y1 = Math.max(y1, row + 1);
    count++;
  });
  return count && count / mask.length <= MOST ? [[x0, y0, x1, y1]] : [];
}

/**
 * Intersection over union of two masks of 0 and 1.
 * @param {Numbers} one
 * @param {Numbers} other
 */
export function overlap(one, other) {
  let both = 0;
  let either = 0;
  for (let i = 0; i < one.length; i++) {
    both += one[i] && other[i] ? 1 : 0;
    either += one[i] || other[i] ? 1 : 0;
  }
  return both / either;
}
