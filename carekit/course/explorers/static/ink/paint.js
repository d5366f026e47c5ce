// @ts-check
// Strokes on an image: ink is laid over it, and an eraser brings the clean image back.

/** @typedef {import("../arrays.js").Numbers} Numbers */
/** @typedef {{ erase: boolean, width: number, points: number[] }} Stroke its points: x, y, x, y, ... in pixels */

const INK = [77, 41, 128]; // as carekit.material.drawing.artefacts draws it
const OPACITY = 0.85;

/**
 * The pixels with the strokes on them.
 * @param {Numbers} base uint8 RGB, what is painted on
 * @param {Numbers} clean what the eraser brings back
 * @param {number} size
 * @param {Stroke[]} strokes
 */
export function paintOn(base, clean, size, strokes) {
  const pixels = Uint8Array.from(base);
  for (const stroke of strokes) {
    const cover = coverOf(stroke, size);
    for (let i = 0; i < cover.length; i++) {
      if (!cover[i]) continue;
      for (let c = 0; c < 3; c++) {
        const at = 3 * i + c;
        const [wanted, share] = stroke.erase ? [clean[at], cover[i]] : [INK[c], OPACITY * cover[i]];
        pixels[at] = Math.round(pixels[at] + share * (wanted - pixels[at]));
      }
    }
  }
  return pixels;
}

/**
 * How much of each pixel a stroke covers: 1 within its width, 0 from half a pixel beyond it.
 * @param {Stroke} stroke
 * @param {number} size
 */
function coverOf({ width, points }, size) {
  const cover = new Float32Array(size * size);
  const reach = width / 2;
  for (let p = 0; p + 1 < points.length; p += 2) {
    const [x1, y1] = [points[p], points[p + 1]];
    const [x0, y0] = p ? [points[p - 2], points[p - 1]] : [x1, y1];
    const [top, bottom] = around(y0, y1, reach + 1, size);
    const [left, right] = around(x0, x1, reach + 1, size);
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const near = distance(x + 0.5, y + 0.5, [x0, y0, x1, y1]);
        const i = y * size + x;
        cover[i] = Math.max(cover[i], Math.min(1, Math.max(0, reach - near + 0.5)));
      }
    }
  }
  return cover;
}

/**
 * The pixels [first, end) of an axis within reach of two of its places.
 * @param {number} a
 * @param {number} b
 * @param {number} reach
 * @param {number} size
 */
function around(a, b, reach, size) {
  return [Math.max(0, Math.floor(Math.min(a, b) - reach)), Math.min(size, Math.ceil(Math.max(a, b) + reach))];
}

/**
 * From a place to the nearest of a line's.
 * @param {number} x
 * @param {number} y
 * @param {number[]} line its ends
 */
function distance(x, y, [x0, y0, x1, y1]) {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = dx * dx + dy * dy;
  const along = length ? Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / length)) : 0;
  return Math.hypot(x - x0 - along * dx, y - y0 - along * dy);
}

/**
 * Bytes as text that JSON can hold.
 * @param {Uint8Array} bytes
 */
export function asBase64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}
