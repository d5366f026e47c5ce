// @ts-check
// A brush on a picture, for a mouse, a pen, a finger or keys. Strokes live in the frame's values.

import { html, setAttributes, uniqueId } from "../elements.js";

/** @typedef {import("./paint.js").Stroke} Stroke */

/** @type {Record<string, [number, number]>} */
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEPS = 24; // from one side of the image to the other by keys
const HINT = "Paint with the mouse or a finger. Keys: Tab to the image; arrows move the brush, Space paints a dot, " +
  "Shift and arrows paint a line, Ctrl and Z takes the last stroke back.";

const ALONE = "To paint, open the notebook and run it; here the test\u2019s ink can be drawn and removed.";

export class InkBrush {
  /**
   * @param {import("../frame.js").Frame} frame
   * @param {import("../picture.js").Picture} picture
   */
  constructor(frame, picture) {
    this.frame = frame;
    this.picture = picture;
    this.drawing = false;
    /** @type {[number, number]} where the keys' brush is */
    this.place = [picture.size / 2, picture.size / 2];
    this.keys = false;
    this.hint = html("p", { id: uniqueId(), class: "ck-note ck-hint" }, frame.kernel.alone ? ALONE : HINT);
    this.pad = html("div", { class: "ck-pad" });
    picture.canvas.replaceWith(this.pad);
    this.pad.append(picture.canvas);
    if (!frame.kernel.alone) this.listen(picture.canvas);
  }

  /** @param {HTMLCanvasElement} canvas */
  listen(canvas) {
    setAttributes(this.pad, {
      role: "application", tabindex: 0, "aria-label": "Brush on the image", "aria-describedby": this.hint.id,
    });
    canvas.classList.add("ck-drawn-on");
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => { if (this.drawing) this.extend(this.at(event)); });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => this.up());
    this.pad.addEventListener("keydown", (event) => this.key(event));
    this.pad.addEventListener("keyup", () => this.up());
    for (const change of ["focus", "blur"]) this.pad.addEventListener(change, () => this.follow(change === "focus"));
  }

  /** @returns {Stroke[]} of the image */
  get strokes() {
    return this.frame.values.strokes?.[this.frame.values.image] ?? [];
  }

  /**
   * @param {Stroke[]} strokes
   * @param {boolean} settled
   */
  set(strokes, settled) {
    this.frame.set({ strokes: { ...this.frame.values.strokes, [this.frame.values.image]: strokes } }, settled);
  }

  undo() {
    this.set(this.strokes.slice(0, -1), true);
  }

  /**
   * @param {PointerEvent} event
   * @returns {[number, number]}
   */
  at(event) {
    const sides = this.picture.canvas.getBoundingClientRect();
    const k = this.picture.size / sides.width;
    return [(event.clientX - sides.left) * k, (event.clientY - sides.top) * k];
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    this.pad.focus({ preventScroll: true });
    this.follow(false);
    this.picture.canvas.setPointerCapture(event.pointerId);
    this.begin(this.at(event));
  }

  /** @param {[number, number]} place */
  begin(place) {
    const { tool, width } = this.frame.values;
    this.drawing = true;
    this.place = place;
    this.set([...this.strokes, { erase: tool === "eraser", width, points: [...place] }], false);
  }

  /** @param {[number, number]} place */
  extend(place) {
    const before = this.strokes.slice(0, -1);
    const last = this.strokes[this.strokes.length - 1];
    if (!last) return;
    this.place = place;
    this.set([...before, { ...last, points: [...last.points, ...place] }], false);
  }

  up() {
    if (this.drawing) this.set(this.strokes, true);
    this.drawing = false;
  }

  /** @param {boolean} keys whether the brush of the keys is shown */
  follow(keys) {
    this.keys = keys && this.pad.matches(":focus-visible");
    this.frame.paint();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const way = KEYS[event.key];
    if (way) this.move(way, event.shiftKey);
    else if (event.key === " ") this.begin(this.place);
    else if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.undo();
    else return;
    event.preventDefault();
  }

  /**
   * @param {[number, number]} way
   * @param {boolean} paints
   */
  move([dx, dy], paints) {
    const { size } = this.picture;
    const clip = (/** @type {number} */ value) => Math.min(Math.max(value, 0), size);
    const place = /** @type {[number, number]} */ ([
      clip(this.place[0] + (dx * size) / STEPS), clip(this.place[1] + (dy * size) / STEPS),
    ]);
    if (paints && !this.drawing) this.begin(this.place);
    if (paints) this.extend(place);
    this.place = place;
    this.follow(true);
    const [x, y] = place.map(Math.round);
    this.frame.announce(`Brush at ${x} from the left, ${y} from the top${paints ? ", painting" : ""}`);
  }

  /** A cross where the keys' brush is. */
  mark() {
    if (!this.keys) return;
    const { scale, context } = this.picture;
    const [x, y] = this.place.map((value) => value * scale);
    const reach = Math.max(6, (this.frame.values.width / 2) * scale);
    const cross = new Path2D();
    cross.arc(x, y, reach, 0, 2 * Math.PI);
    cross.moveTo(x - 2 * reach, y);
    cross.lineTo(x + 2 * reach, y);
    cross.moveTo(x, y - 2 * reach);
    cross.lineTo(x, y + 2 * reach);
    this.picture.stroke(4, 2, () => context.stroke(cross));
  }
}
