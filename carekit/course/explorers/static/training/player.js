// @ts-check
// The epochs, one after the other.

/** @typedef {import("../frame.js").Frame} Frame */
/** @typedef {import("./following.js").Following} Following */

const STEP = 500; // ms that an epoch is shown for when they are played

export class Player {
  /**
   * @param {Frame} frame
   * @param {Following} following
   */
  constructor(frame, following) {
    this.frame = frame;
    this.following = following;
    this.timer = 0;
  }

  play() {
    this.stop();
    this.frame.adopt({ epoch: 0 }, true);
    this.timer = setTimeout(() => this.step(), STEP);
  }

  step() {
    const { epoch } = this.frame.values;
    if (epoch >= this.following.run.last) return;
    this.frame.adopt({ epoch: epoch + 1 }, true);
    this.timer = setTimeout(() => this.step(), STEP);
  }

  stop() {
    clearTimeout(this.timer);
  }
}
