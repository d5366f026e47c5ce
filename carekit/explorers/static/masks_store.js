// @ts-check
// The boxes that are drawn. They live in the frame's values: so Reset takes them back, and every view of them agrees.

/** @typedef {import("./maths.js").Box} Box */

export class BoxStore {
  /** @param {import("./frame.js").Frame} frame */
  constructor(frame) {
    this.frame = frame;
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
    this.frame.set({ boxes: { ...this.frame.values.boxes, [this.image]: boxes } }, settled);
  }

  /** Whether the kernel has other boxes for this image. */
  get unsaved() {
    const known = this.frame.values.saved?.[this.image] ?? this.frame.scene.boxes[this.image];
    return JSON.stringify(known) !== JSON.stringify(this.now);
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
