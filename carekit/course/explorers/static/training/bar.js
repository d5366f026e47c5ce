// @ts-check
// Buttons that train in the kernel, and one that plays the epochs.

import { button, html } from "../elements.js";

/** @typedef {import("../frame.js").Frame} Frame */

export const RECORDED = "recorded";
export const TRAINING = "training";
export const PAUSED = "paused";
export const STATUSES = [RECORDED, TRAINING, PAUSED, "stopped", "done"]; // any other is the sentence of an error

const PARAMETERS = ["alpha", "tau", "lam", "box_scale"];
const ALONE = "A recorded run; to train, open the notebook.";

export class TrainingBar {
  /**
   * @param {Frame} frame
   * @param {() => void} play
   */
  constructor(frame, play) {
    this.frame = frame;
    this.status = RECORDED;
    this.start = button("Train with these values", () => this.train());
    this.pause = button("Pause", () => this.ask({ do: this.status === TRAINING ? "pause" : "go on" }));
    this.stop = button("Stop", () => this.halt());
    this.stopping = false;
    this.back = button("Show the recorded run", () => this.ask({ do: "forget" }));
    this.play = button("Play the epochs", play);
    this.about = html("span", {});
    this.element = html("div", { class: "ck-tools ck-training" },
      this.start, this.pause, this.stop, this.back, this.play, this.about);
    if (frame.kernel.alone) this.hideIdle();
  }

  /** Where nothing can be trained, neither buttons nor sliders for it. */
  hideIdle() {
    const sliders = PARAMETERS.map((name) => this.frame.controls[name].element);
    const { tools, more } = this.frame;
    const idle = [this.start, this.pause, this.stop, this.back, more, ...tools.presets, ...sliders];
    for (const each of idle) each.hidden = true;
  }

  train() {
    const parameters = Object.fromEntries(PARAMETERS.map((name) => [name, this.frame.values[name]]));
    this.frame.guess?.forget();
    this.ask({ do: "start", parameters });
  }

  halt() {
    this.stopping = true;
    this.ask({ do: "stop" });
    this.frame.paint();
  }

  /** @param {import("../kernel.js").Question} question */
  ask(question) {
    try {
      this.frame.kernel.ask(question);
    } catch (error) {
      this.frame.complain(error);
    }
  }

  /**
   * @param {string} status the kernel's word on the training
   * @param {number} epochs so far
   * @param {number} of so many
   */
  show(status, epochs, of) {
    this.status = status;
    const busy = status === TRAINING || status === PAUSED;
    this.stopping &&= busy;
    this.pause.disabled = !busy;
    this.stop.disabled = !busy;
    this.back.disabled = status === RECORDED;
    this.pause.textContent = status === PAUSED ? "Go on" : "Pause";
    /** @type {Record<string, string>} */
    const told = {
      recorded: "A recorded run.", training: `Training: ${epochs} of ${of} epochs.`, paused: "Paused.",
      stopped: "Stopped.", done: "Trained to the end.",
    };
    const now = this.stopping ? "Stopping after this epoch ..." : told[status] ?? "";
    this.about.textContent = this.frame.kernel.alone ? ALONE : now;
  }
}
