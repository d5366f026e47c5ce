// @ts-check
// The mathematics of carekit.method.boxes, carekit.method.cam, carekit.method.attention and carekit.method.metrics.

/** @typedef {import("./arrays.js").Numbers} Numbers */
/** @typedef {[number, number, number, number]} Box x0, y0, x1, y1 in pixels */

/**
 * carekit.method.boxes.scale: boxes with sides times `factor` around their centres, cut at the image of size x size.
 * @param {Box[]} boxes
 * @param {number} factor
 * @param {number} size
 * @returns {Box[]}
 */
export function scaleBoxes(boxes, factor, size) {
  /** @param {number} value */
  const clip = (value) => Math.min(Math.max(value, 0), size);
  return boxes.map(([x0, y0, x1, y1]) => {
    const cx = (x0 + x1) / 2;
    const cy = (y0 + y1) / 2;
    const hx = ((x1 - x0) / 2) * factor;
    const hy = ((y1 - y0) / 2) * factor;
    return [clip(cx - hx), clip(cy - hy), clip(cx + hx), clip(cy + hy)];
  });
}

/**
 * carekit.method.boxes.rasterise: 1 at pixels whose centre lies in any box; a box covers at least one.
 * @param {Box[]} boxes
 * @param {number} size
 */
export function rasterise(boxes, size) {
  const mask = new Uint8Array(size * size);
  for (const [x0, y0, x1, y1] of boxes) {
    const [top, bottom] = covered(y0, y1, size);
    const [left, right] = covered(x0, x1, size);
    for (let i = top; i < bottom; i++) mask.fill(1, i * size + left, i * size + right);
  }
  return mask;
}

/**
 * The pixels [first, end) of an axis that a box covers.
 * @param {number} low
 * @param {number} high
 * @param {number} size
 */
function covered(low, high, size) {
  let first = Math.ceil(low - 0.5);
  let end = Math.ceil(high - 0.5);
  if (end <= first) {
    first = Math.min(Math.trunc((low + high) / 2), size - 1);
    end = first + 1;
  }
  return [Math.max(first, 0), Math.min(end, size)];
}

/**
 * carekit.method.boxes.outer_mask by "distance": to the nearest inside pixel, in units of the image's diagonal.
 * Exact: two scans of each column, then the lower envelope of parabolas along each row (Felzenszwalb 2012).
 * @param {Uint8Array} mask
 * @param {number} size
 */
export function distanceOutside(mask, size) {
  const squares = columnDistances(mask, size);
  const diagonal = Math.hypot(size, size);
  for (let start = 0; start < mask.length; start += size) {
    const line = squares.slice(start, start + size);
    lowerEnvelope(line).forEach((square, q) => { squares[start + q] = Math.sqrt(square) / diagonal; });
  }
  return squares;
}

/**
 * The squared distance of each pixel to the nearest inside pixel of its column.
 * @param {Uint8Array} mask
 * @param {number} size
 */
function columnDistances(mask, size) {
  const squares = new Float64Array(size * size);
  for (let x = 0; x < size; x++) {
    let gap = 1e6; // farther than any image is high
    for (let i = x; i < mask.length; i += size) squares[i] = gap = mask[i] ? 0 : gap + 1;
    for (let i = mask.length - size + x; i >= 0; i -= size) {
      gap = Math.min(gap + 1, squares[i]);
      squares[i] = gap * gap;
    }
  }
  return squares;
}

/**
 * min_p (q - p)² + line[p] at each q.
 * @param {Float64Array} line
 */
function lowerEnvelope(line) {
  const n = line.length;
  const centre = new Int32Array(n);
  const edge = new Float64Array(n + 1);
  const lowest = new Float64Array(n);
  /** @param {number} p @param {number} q */
  const meet = (p, q) => (line[q] + q * q - line[p] - p * p) / (2 * (q - p));
  let k = 0;
  edge[0] = -Infinity;
  edge[1] = Infinity;
  for (let q = 1; q < n; q++) {
    let s = meet(centre[k], q);
    while (s <= edge[k]) s = meet(centre[--k], q);
    centre[++k] = q;
    edge[k] = s;
    edge[k + 1] = Infinity;
  }
  k = 0;
  for (let q = 0; q < n; q++) {
    while (edge[k + 1] < q) k++;
    lowest[q] = (q - centre[k]) ** 2 + line[centre[k]];
  }
  return lowest;
}

/**
 * carekit.method.cam.normalise of one map: to [0, 1] by its own minimum and maximum; a constant map to zeros.
 * @param {Numbers} map
 */
export function normalise(map) {
  const { low, high, largest } = extent(map);
  const span = high - low;
  return Float64Array.from(map, (value) => (span <= 1e-6 * largest ? 0 : (value - low) / span));
}

/**
 * Whether carekit.method.cam.normalise sees no pattern in a map.
 * @param {Numbers} map
 */
export function isConstant(map) {
  const { low, high, largest } = extent(map);
  return high - low <= 1e-6 * largest;
}

/** @param {Numbers} map */
function extent(map) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of map) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high, largest: Math.max(Math.abs(low), Math.abs(high)) };
}

/**
 * carekit.method.cam.resize of one map (u, v) to size x size: bilinear, half-pixel centres, clamped at the border.
 * @param {Numbers} map
 * @param {number} u
 * @param {number} v
 * @param {number} size
 */
export function upsample(map, u, v, size) {
  const rows = neighbours(u, size);
  const columns = neighbours(v, size);
  const large = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const [top, bottom, down] = rows[i];
    for (let j = 0; j < size; j++) {
      const [left, right, across] = columns[j];
      const above = map[top * v + left] * (1 - across) + map[top * v + right] * across;
      const below = map[bottom * v + left] * (1 - across) + map[bottom * v + right] * across;
      large[i * size + j] = above * (1 - down) + below * down;
    }
  }
  return large;
}

/**
 * carekit.method.attention.reduce_mask: the mask of size x size brought down to u x v, as upsample would use it.
 * @param {Numbers} mask
 * @param {number} u
 * @param {number} v
 * @param {number} size
 */
export function reduceMask(mask, u, v, size) {
  const rows = neighbours(u, size);
  const columns = neighbours(v, size);
  const small = new Float64Array(u * v);
  for (let i = 0; i < size; i++) {
    const [top, bottom, down] = rows[i];
    for (let j = 0; j < size; j++) {
      const value = mask[i * size + j];
      if (!value) continue;
      // What upsample would take from each of the four cells around the pixel is given back to it.
      const [left, right, across] = columns[j];
      small[top * v + left] += value * (1 - down) * (1 - across);
      small[top * v + right] += value * (1 - down) * across;
      small[bottom * v + left] += value * down * (1 - across);
      small[bottom * v + right] += value * down * across;
    }
  }
  return small;
}

/**
 * Of each of `size` places the two of `n` that it is between, and the share of the second.
 * @param {number} n
 * @param {number} size
 */
function neighbours(n, size) {
  return Array.from({ length: size }, (_, i) => {
    const at = Math.max(((i + 0.5) * n) / size - 0.5, 0);
    const low = Math.min(Math.floor(at), n - 1);
    return [low, Math.min(low + 1, n - 1), at - low];
  });
}

/** @param {Numbers | number[]} values */
export function sum(values) {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/**
 * The largest of numbers that are not negative; NaN is passed over.
 * @param {Numbers} values
 */
export function largest(values) {
  let top = 0;
  for (const value of values) if (value > top) top = value;
  return top;
}

/**
 * Σ w x / Σ w; 0 where the weights sum to nothing. Of a mask with a map as weights it is the map's share inside.
 * @param {Numbers} values
 * @param {Numbers} weights
 */
export function weightedMean(values, weights) {
  let weighted = 0;
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    weighted += values[i] * weights[i];
    total += weights[i];
  }
  return total > 0 ? weighted / total : 0;
}

/**
 * b => Pearson's correlation with a; NaN where one of them is constant.
 * @param {Numbers} a
 * @returns {(b: Numbers) => number}
 */
export function correlationWith(a) {
  const mean = sum(a) / a.length;
  const centred = Float64Array.from(a, (value) => value - mean);
  const square = centred.reduce((total, value) => total + value * value, 0);
  const flat = isConstant(a);
  return (b) => {
    if (flat || isConstant(b)) return NaN;
    let total = 0;
    let squares = 0;
    let mixed = 0;
    for (let i = 0; i < b.length; i++) {
      total += b[i];
      squares += b[i] * b[i];
      mixed += centred[i] * b[i];
    }
    return mixed / Math.sqrt(square * (squares - (total * total) / b.length));
  };
}

/**
 * The probabilities of classes.
 * @param {number[]} logits
 */
export function softmax(logits) {
  const top = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - top));
  const total = sum(powers);
  return powers.map((value) => value / total);
}
