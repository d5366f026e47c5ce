// @ts-check
// One metric over the epochs: test images as full lines, training images dotted.

import { Chart } from "../chart.js";
import { TEST, TRAIN } from "./run.js";

/** @typedef {import("./run.js").TrainingRun} TrainingRun */
/** @typedef {{ name: string, long: string, colour: string }} Arm long: its name where there is room */

export class TrainingChart extends Chart {
  /**
   * @param {string} caption
   * @param {import("../chart.js").Axes} axes
   * @param {Arm[]} arms
   */
  constructor(caption, axes, arms) {
    super(caption, axes);
    this.arms = arms;
    this.metric = -1;
    /** @type {TrainingRun | null} */
    this.run = null;
  }

  /**
   * @param {TrainingRun} run
   * @param {number} metric
   * @param {string} name
   * @param {number} epochs of the whole training
   * @param {number} epoch that is looked at
   */
  draw(run, metric, name, epochs, epoch) {
    if (run !== this.run || metric !== this.metric) this.lines(run, metric, name, epochs);
    this.run = run;
    this.metric = metric;
    this.line("now", [[epoch, this.y[0]], [epoch, this.y[1]]], { dash: "4 4" });
    const values = this.arms.map((_, arm) => run.value(epoch, arm, TEST, metric));
    const above = values[0] >= values[1] ? 0 : 1;
    values.forEach((value, arm) => {
      if (!Number.isNaN(value)) this.nameDot(arm, epoch, value, { above: arm === above, before: epoch > epochs / 2 });
    });
  }

  /**
   * A dot with its arm's name beside it, where there is room.
   * @param {number} arm
   * @param {number} epoch
   * @param {number} value
   * @param {{ above: boolean, before: boolean }} place
   */
  nameDot(arm, epoch, value, { above, before }) {
    this.dot(`dot${arm}`, epoch, value, { colour: this.arms[arm].colour });
    const y = Math.min(Math.max(this.py(value) + (above ? -10 : 20), 12), this.height - this.bottom - 4);
    const x = this.px(epoch) + (before ? -9 : 9);
    this.put(`name${arm}`, "text", { x, y, "text-anchor": before ? "end" : "start" }, this.arms[arm].name);
  }

  /**
   * @param {TrainingRun} run
   * @param {number} metric
   * @param {string} name
   * @param {number} epochs
   */
  lines(run, metric, name, epochs) {
    const lines = this.arms.flatMap(({ colour }, arm) => [TRAIN, TEST].map((side) => {
      const points = Array.from({ length: run.last + 1 }, (_, epoch) => [epoch, run.value(epoch, arm, side, metric)]);
      const known = points.filter(([, y]) => !Number.isNaN(y));
      return { id: `line${arm}${side}`, points: known, colour, dash: side === TEST ? "" : "2 5" };
    }));
    const high = Math.max(1, Math.ceil(Math.max(0, ...lines.flatMap(({ points }) => points.map(([, y]) => y)))));
    const ticks = { x: [0, Math.round(epochs / 2), epochs], y: [0, high / 2, high] };
    this.renew({ x: [0, epochs], y: [0, high], xlabel: "epoch", ylabel: name, ticks });
    lines.forEach(({ id, points, ...style }) => this.line(id, points, style));
  }
}
