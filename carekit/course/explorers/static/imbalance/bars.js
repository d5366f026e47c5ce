// @ts-check
// One named bar a class, on a plain or a logarithmic axis; on the latter bars grow up or down from 1.

import { Chart } from "../chart.js";
import { svg } from "../elements.js";

const MANY = 8; // from more names on, or longer ones, they are slanted
const LONG = 6;

export class ClassBars extends Chart {
  /**
   * @param {string} caption
   * @param {string[]} names
   * @param {{ colour: string, plain: number[], log: number[] }} style the ticks of both axes
   */
  constructor(caption, names, { colour, plain, log }) {
    super(caption, { x: [0, names.length], y: [0, plain[plain.length - 1]], ticks: { x: [], y: [] } });
    this.names = names;
    this.colour = colour;
    this.plain = plain;
    this.logarithmic = log;
    this.log = false;
    this.slanted = names.length > MANY || names.some((name) => name.length > LONG);
    this.bottom = this.slanted ? 84 : 28;
    this.top = 18;
  }

  /** @param {number} value */
  at(value) {
    return this.py(this.log ? Math.log10(value) : value);
  }

  /** @param {boolean} log */
  axis(log) {
    this.log = log;
    const ticks = log ? this.logarithmic : this.plain;
    const low = ticks[0];
    const high = ticks[ticks.length - 1];
    /** @type {import("../chart.js").Range} */
    this.y = log ? [Math.log10(low), Math.log10(high)] : [low, high];
    this.drawAxes();
    for (const value of ticks) this.yTick(value, this.at(value));
    this.names.forEach((name, i) => this.nameBar(name, this.px(i + 0.5), this.height - this.bottom));
  }

  /**
   * @param {string} name
   * @param {number} x
   * @param {number} foot
   */
  nameBar(name, x, foot) {
    const y = foot + (this.slanted ? 14 : 16);
    const place = { x, y, "text-anchor": this.slanted ? "end" : "middle" };
    this.axes.append(svg("text", { ...place, transform: this.slanted ? `rotate(-50 ${x} ${y - 4})` : null }, name));
  }

  /**
   * @param {number[]} values
   * @param {(value: number) => string} text
   * @param {number} [level] where a dashed line is drawn; numbers keep clear of it
   */
  bars(values, text, level) {
    const width = this.px(1) - this.px(0);
    const base = this.at(this.log ? 1 : 0);
    const line = level === undefined ? Infinity : this.at(level);
    const size = this.slanted ? "ck-small" : "ck-number";
    values.forEach((value, i) => {
      const x = this.px(i);
      const y = this.at(value);
      const top = Math.min(y, base);
      const bar = { x: x + 0.12 * width, width: 0.76 * width, y: top, height: Math.abs(base - y) };
      this.put(`bar${i}`, "rect", { ...bar, fill: this.colour });
      const place = { x: x + width / 2, y: Math.min(top, line) - 4, "text-anchor": "middle", class: size };
      this.put(`text${i}`, "text", place, text(value));
    });
    if (level === undefined) return;
    const ends = { x1: this.left, x2: this.width - this.right, y1: line, y2: line };
    this.put("level", "line", { ...ends, stroke: "currentColor", "stroke-dasharray": "4 4" });
  }
}
