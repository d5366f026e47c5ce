// @ts-check
// The run that is shown: the recorded one, or what the kernel says of its training.

import { RECORDED, TRAINING } from "./bar.js";
import { TrainingRun } from "./run.js";

/** @typedef {import("../frame.js").Frame} Frame */

const FIRST = 600_000; // ms of silence before the first epoch: no one knows how long one takes
const SILENCE = 60_000; // ms of silence after it, and
const GAPS = 10; // times what the last epoch took
const SILENT = "Nothing has come from the kernel for a long time: it may be busy or gone. " +
  "Restart it, then run this cell again.";

export class Following {
  /** @param {Frame} frame */
  constructor(frame) {
    this.frame = frame;
    this.recorded = new TrainingRun(frame.scene.run);
    this.run = this.recorded;
    this.status = RECORDED;
    this.begun = true;
    this.heard = 0;
    this.silence = 0;
    frame.kernel.listen("change:live", () => this.hear(frame.kernel.get("live") ?? {}));
    const live = frame.kernel.get("live");
    if (live?.status) this.hear(live); // a view that was opened later
  }

  /** @param {{ status?: string, run?: import("./run.js").PackedRun | null }} live */
  hear({ status = RECORDED, run }) {
    const following = this.frame.values.epoch >= this.run.last || run === null;
    clearTimeout(this.silence);
    this.status = status;
    this.begun = run !== null;
    if (run !== null) this.run = run ? new TrainingRun(run) : this.recorded;
    if (following) this.frame.adopt({ epoch: this.begun ? this.run.last : 0 }, true);
    else this.frame.paint();
    if (status === TRAINING) this.expect();
  }

  /** The kernel is not silent for long while it trains. */
  expect() {
    const gap = this.begun && this.heard ? performance.now() - this.heard : 0;
    this.heard = this.begun ? performance.now() : 0;
    this.silence = setTimeout(() => this.frame.complain(SILENT), this.begun ? SILENCE + GAPS * gap : FIRST);
  }

  stop() {
    clearTimeout(this.silence);
  }
}
