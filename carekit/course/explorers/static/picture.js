// @ts-check
// A picture of an image, with heat, boxes and contours on it.

import { html } from "./elements.js";

/** @typedef {import("./arrays.js").Numbers} Numbers */
/** @typedef {import("./maths.js").Box} Box */
/** @typedef {readonly [number, number, number, number]} Paint red, green and blue in 0 to 255, opacity in 0 to 1 */

/**
 * @typedef {object} Shown
 * @property {Numbers | null} [image] uint8 RGB
 * @property {boolean} [grey] the image without its colour
 * @property {((i: number) => Paint | null) | null} [paint] what is laid over pixel i
 * @property {boolean} [smooth] enlarged without blocks
 * @property {Box[]} [boxes]
 * @property {{ values: Numbers, level: number } | null} [contour] the border of values >= level
 * @property {string} [text] what is to be seen, in words
 * @property {unknown} [key] all that decides the pixels: while it stays, they are not computed anew
 */

const SIDE = 288; // pixels of the screen that a picture has at least

/** A picture of size x size pixels, enlarged. */
export class Picture {
  /**
   * @param {string} caption
   * @param {number} size
   * @param {number} [least] pixels of the screen that it has at least
   */
  constructor(caption, size, least = SIDE) {
    this.size = size;
    this.scale = Math.max(1, Math.ceil(least / size));
    const side = size * this.scale;
    this.canvas = html("canvas", { width: side, height: side, role: "img", "aria-label": caption });
    this.caption = html("figcaption", {}, caption);
    this.element = html("figure", { class: "ck-picture" }, this.canvas, this.caption);
    this.context = contextOf(this.canvas);
    this.small = html("canvas", { width: size, height: size });
    this.pixels = contextOf(this.small, { willReadFrequently: true });
    this.buffer = this.pixels.createImageData(size, size);
    /** @type {unknown} */
    this.key = null;
  }

  /** @param {Shown} shown */
  show({ image = null, grey = false, paint = null, smooth = true, boxes = [], contour = null, text = "", key = null }) {
    if (key === null || key !== this.key) this.fill(image, grey, paint);
    this.key = key;
    this.context.imageSmoothingEnabled = smooth;
    this.again();
    if (contour) this.contour(contour.values, contour.level);
    this.outlines(boxes);
    if (text) this.say(text);
  }

  /** Lay down the pixels once more, without what was drawn on them. */
  again() {
    this.context.drawImage(this.small, 0, 0, this.canvas.width, this.canvas.height);
  }

  /** @param {string} text */
  say(text) {
    this.canvas.setAttribute("aria-label", text);
  }

  /**
   * @param {Numbers | null} image
   * @param {boolean} grey
   * @param {((i: number) => Paint | null) | null} paint
   */
  fill(image, grey, paint) {
    const out = this.buffer.data;
    const n = this.size * this.size;
    for (let i = 0; i < n; i++) {
      let r = 0;
      let g = 0;
      let b = 0;
      if (image) {
        r = image[3 * i];
        g = image[3 * i + 1];
        b = image[3 * i + 2];
        if (grey) r = g = b = (r + g + b) / 3;
      }
      const over = paint ? paint(i) : null;
      if (over) {
        r += over[3] * (over[0] - r);
        g += over[3] * (over[1] - g);
        b += over[3] * (over[2] - b);
      }
      out[4 * i] = r;
      out[4 * i + 1] = g;
      out[4 * i + 2] = b;
      out[4 * i + 3] = 255;
    }
    this.pixels.putImageData(this.buffer, 0, 0);
  }

  /**
   * @param {Box[]} boxes
   * @param {number} chosen the place of the one that is drawn thicker
   */
  outlines(boxes, chosen = -1) {
    const k = this.scale;
    boxes.forEach(([x0, y0, x1, y1], i) => {
      const [black, white] = i === chosen ? [6, 3] : [4, 2];
      this.stroke(black, white, () => this.context.strokeRect(x0 * k, y0 * k, (x1 - x0) * k, (y1 - y0) * k));
    });
  }

  /**
   * The border of values >= level, drawn between pixels.
   * @param {Numbers} values
   * @param {number} level
   */
  contour(values, level) {
    const s = this.size;
    const k = this.scale;
    const path = new Path2D();
    /** @param {number} i @param {number} j */
    const inside = (i, j) => i >= 0 && j >= 0 && i < s && j < s && values[i * s + j] >= level;
    for (let i = 0; i <= s; i++) {
      for (let j = 0; j <= s; j++) {
        if (inside(i, j) !== inside(i - 1, j)) { path.moveTo(j * k, i * k); path.lineTo((j + 1) * k, i * k); }
        if (inside(i, j) !== inside(i, j - 1)) { path.moveTo(j * k, i * k); path.lineTo(j * k, (i + 1) * k); }
      }
    }
    this.stroke(4, 1.5, () => this.context.stroke(path));
  }

  /**
   * White over black, which is seen on any colour.
   * @param {number} black the width of the black line
   * @param {number} white the width of the white line
   * @param {() => void} draw draws with the pen that is set
   */
  stroke(black, white, draw) {
    for (const [colour, width] of /** @type {const} */ ([["#000", black], ["#fff", white]])) {
      this.context.strokeStyle = colour;
      this.context.lineWidth = width;
      draw();
    }
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} settings
 */
function contextOf(canvas, settings = {}) {
  const context = canvas.getContext("2d", settings);
  if (!context) throw new Error("This browser cannot draw: it has no 2D canvas.");
  return context;
}
