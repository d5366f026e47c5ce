// @ts-check
// One metric over one parameter: CARE with its intervals, the control as a dashed line with a band.

import { Chart, middled } from "../chart.js";
import { COLOURS } from "../colours.js";

/** @typedef {{ mean: number, half: number }} Value */
/** @typedef {Value & { x: number, setting: number }} Point */

/**
 * @typedef {object} Sweep
 * @property {Point[]} points
 * @property {Value} control
 * @property {string} sign of the parameter
 * @property {string} name of the metric
 * @property {import("../chart.js").Range} range
 * @property {number} chosen the setting that has a ring
 */

const CAP = 5; // half of the width of an interval's ends
const MARGIN = 0.08; // of the axis, beside the outermost points

export class SweepChart extends Chart {
  /** @param {Sweep} sweep */
  draw({ points, control, sign, name, range, chosen }) {
    const xs = points.map((point) => point.x);
    const low = Math.min(...xs);
    const high = Math.max(...xs);
    const margin = (high - low || 1) * MARGIN;
    const ticks = { x: xs, y: middled(range) };
    this.renew({ x: [low - margin, high + margin], y: range, xlabel: sign, ylabel: name, ticks });
    if (!Number.isNaN(control.mean)) this.control(control);
    const known = points.filter((point) => !Number.isNaN(point.mean));
    this.line("care", known.map(({ x, mean }) => [x, mean]), { colour: COLOURS[0] });
    known.forEach((point, i) => this.point(point, i, point.setting === chosen));
  }

  /**
   * @param {Point} point
   * @param {number} i
   * @param {boolean} chosen
   */
  point({ x, mean, half }, i, chosen) {
    const [bottom, top] = this.ends(mean, half);
    const at = this.px(x);
    const d = `M${at} ${bottom}V${top}M${at - CAP} ${bottom}h${2 * CAP}M${at - CAP} ${top}h${2 * CAP}`;
    this.put(`interval${i}`, "path", { d, stroke: COLOURS[0], "stroke-width": 2, fill: "none" });
    this.dot(`point${i}`, x, mean, { colour: COLOURS[0], radius: 5 });
    if (!chosen) return;
    const ring = { r: 10, fill: "none", stroke: "currentColor", "stroke-width": 2 };
    this.put("chosen", "circle", { cx: at, cy: this.py(mean), ...ring });
  }

  /** @param {Value} value */
  control({ mean, half }) {
    const [bottom, top] = this.ends(mean, half);
    const width = this.width - this.right - this.left;
    this.put("band", "rect", { x: this.left, y: top, width, height: bottom - top, fill: COLOURS[1], opacity: 0.2 });
    this.line("control", [[this.x[0], mean], [this.x[1], mean]], { colour: COLOURS[1], dash: "7 4" });
  }

  /**
   * Where an interval begins and ends on the drawing, cut to its axis.
   * @param {number} mean
   * @param {number} half
   */
  ends(mean, half) {
    const reach = Number.isNaN(half) ? 0 : half;
    const [low, high] = this.y;
    return [this.py(Math.max(mean - reach, low)), this.py(Math.min(mean + reach, high))];
  }
}
