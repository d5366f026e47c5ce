// @ts-check
// Arrays of numbers, as carekit.course.explorers.frame.packed sends them.

/** @typedef {Uint8Array | Int32Array | Float32Array | Float64Array} Numbers */
/** @typedef {{ dtype: "uint8" | "int32" | "float32", shape: number[], data: string }} Packed */
/** @typedef {{ shape: number[], data: Numbers }} Shaped */

const TYPES = { uint8: Uint8Array, int32: Int32Array, float32: Float32Array };

/**
 * An array out of its base64 text.
 * @param {Packed} packed
 * @returns {Shaped}
 */
export function decode({ dtype, shape, data }) {
  const text = atob(data);
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  return { shape, data: new TYPES[dtype](bytes.buffer) };
}

/**
 * The part of an array at some places along its first axes, as a view.
 * @param {Shaped} array
 * @param {...number} places
 * @returns {Numbers}
 */
export function part({ shape, data }, ...places) {
  const length = product(shape.slice(places.length));
  const start = places.reduce((sum, place, axis) => sum + place * product(shape.slice(axis + 1)), 0);
  return data.subarray(start, start + length);
}

/** @param {number[]} lengths */
function product(lengths) {
  return lengths.reduce((a, b) => a * b, 1);
}
