// @ts-check
// All images of other diseases as small pictures, for each model: those that it calls the rare one have a frame.

import { html } from "../elements.js";

/**
 * @typedef {object} Sheet
 * @property {number} side of a small picture, in pixels of the sheet
 * @property {number} columns
 * @property {number} count
 * @property {string[]} sheets addresses of the pictures, clean and with ink
 * @property {number[][][]} called of each model the places that it calls the rare class, clean and with ink
 */

const ZOOM = 2; // pixels of the canvas for one of the sheet
const PALE = 0.7; // how white what has no frame becomes

export class Thumbnails {
  /**
   * @param {Sheet} sheet
   * @param {{ name: string, colour: string }[]} models
   * @param {string} rare
   */
  constructor(sheet, models, rare) {
    this.sheet = sheet;
    this.models = models;
    this.rare = rare;
    this.state = -1;
    this.images = sheet.sheets.map((address) => {
      const image = new Image();
      image.src = address;
      image.addEventListener("load", () => this.paint());
      return image;
    });
    const [width, height] = [sheet.columns, Math.ceil(sheet.count / sheet.columns)].map((n) => n * sheet.side * ZOOM);
    this.canvases = models.map(({ name }) => html("canvas", { width, height, role: "img", "aria-label": name }));
    this.captions = models.map(() => html("figcaption", {}));
    this.element = html("div", { class: "ck-thumbnails" }, ...models.map((_, m) =>
      html("figure", { class: "ck-picture" }, this.captions[m], this.canvases[m])));
  }

  /** @param {boolean} inked whether the ink is on all of them */
  show(inked) {
    const state = inked ? 1 : 0;
    if (state === this.state) return;
    this.state = state;
    this.models.forEach(({ name }, m) => {
      const { count, called } = this.sheet;
      const text = `${name}, ${inked ? "with ink" : "clean"}: ` +
        `${called[m][state].length} of ${count} other diseases are called ${this.rare}`;
      this.captions[m].textContent = text;
      this.canvases[m].setAttribute("aria-label", text);
    });
    this.paint();
  }

  /** Paint what is there; a sheet that is not yet decoded is painted when it is. */
  paint() {
    const image = this.images[this.state];
    if (!image?.complete || !image.naturalWidth) return;
    this.canvases.forEach((canvas, m) => this.paintModel(canvas, image, m));
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLImageElement} image
   * @param {number} m the model
   */
  paintModel(canvas, image, m) {
    const context = canvas.getContext("2d");
    if (!context) return;
    const { side, columns, called } = this.sheet;
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    context.fillStyle = `rgb(255 255 255 / ${PALE})`;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.strokeStyle = this.models[m].colour;
    context.lineWidth = 2 * ZOOM;
    for (const place of called[m][this.state]) {
      const [x, y] = [place % columns, Math.floor(place / columns)].map((n) => n * side);
      const at = /** @type {const} */ ([x * ZOOM, y * ZOOM, side * ZOOM, side * ZOOM]);
      context.drawImage(image, x, y, side, side, ...at);
      context.strokeRect(at[0] + ZOOM, at[1] + ZOOM, at[2] - 2 * ZOOM, at[3] - 2 * ZOOM);
    }
  }
}
