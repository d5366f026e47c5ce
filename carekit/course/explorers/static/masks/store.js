// @ts-check
// The boxes that are drawn. They live in the frame's values: so Reset takes them back, and every view of them agrees.

/** @typedef {import("../maths.js").Box} Box */

const MOST = 100; // changes that can be taken back

export class BoxStore {
  /** @param {import("../frame.js").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    /** @type {{ image: number, boxes: Box[] }[]} what was there before each change */
    this.history = [];
    /** @type {{ image: number, boxes: Box[] } | null} what was there before the change at hand */
    this.before = null;
  }

  /** @returns {number} */
  get image() {
    return this.frame.values.image;
  }

  /**
   * The image's boxes.
   * @returns {Box[]}
   */
  get now() {
    return this.frame.values.boxes?.[this.image] ?? this.frame.scene.boxes[this.image];
  }

  /**
   * @param {Box[]} boxes
   * @param {boolean} settled
   */
  set(boxes, settled) {
    this.before ??= { image: this.image, boxes: this.now };
    this.put(this.image, boxes, settled);
    if (!settled) return;
    const changed = JSON.stringify(this.before.boxes) !== JSON.stringify(boxes);
    if (changed) this.history = [...this.history.slice(1 - MOST), this.before];
    this.before = null;
  }

  /**
   * @param {number} image
   * @param {Box[]} boxes
   * @param {boolean} settled
   */
  put(image, boxes, settled) {
    this.frame.set({ boxes: { ...this.frame.values.boxes, [image]: boxes } }, settled);
  }

  /** Take the last change back, and go to its image. */
  undo() {
    const last = this.history.pop();
    if (!last) return;
    this.frame.set({ image: last.image }, false);
    this.put(last.image, last.boxes, true);
  }

  /**
   * The images for which the kernel has other boxes.
   * @returns {number[]}
   */
  get unsaved() {
    const { values, scene } = this.frame;
    /** @param {number} image */
    const known = (image) => values.saved?.[image] ?? scene.boxes[image];
    return Object.keys(values.boxes ?? {})
      .map(Number)
      .filter((image) => JSON.stringify(known(image)) !== JSON.stringify(values.boxes[image]));
  }

  /** The images whose boxes are in the table. */
  get annotated() {
    return new Set([...this.frame.scene.annotated, ...Object.keys(this.frame.values.saved ?? {}).map(Number)]);
  }

  /**
   * The next image that is not annotated, from this one on and around; null if there is none.
   * @returns {number | null}
   */
  get next() {
    const n = this.frame.scene.names.length;
    const others = Array.from({ length: n - 1 }, (_, i) => (this.image + 1 + i) % n);
    return others.find((image) => !this.annotated.has(image)) ?? null;
  }

  /**
   * The kernel has these.
   * @param {number} image
   * @param {Box[]} boxes
   */
  saved(image, boxes) {
    this.frame.set({ saved: { ...this.frame.values.saved, [image]: boxes } }, true);
  }
}
