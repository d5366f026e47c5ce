// @ts-check
// The two parts of Eq. 4 as bars: what of the loss is classification, and what is attention.

import { Chart } from "../chart.js";
import { COLOURS, MODELS } from "../colours.js";
import { fixed } from "../words.js";

const NAMES = ["(1 \u2212 α) L_c", "α L_a"];
const FILLS = [COLOURS[3], MODELS.CARE];

export class LossBars extends Chart {
  constructor() {
    super("The loss, L = (1 \u2212 α) L_c + α L_a", {
      x: [0, 2], y: [-1, 2], ylabel: "part of L", ticks: { x: [], y: [-1, 0, 1, 2] },
    });
    this.bottom = 28;
    this.drawAxes();
  }

  /**
   * @param {number[]} parts of L, cut at the axis
   */
  draw(parts) {
    const width = this.px(1) - this.px(0);
    parts.forEach((part, i) => {
      const end = this.py(Math.min(2, Math.max(-1, part)));
      const zero = this.py(0);
      const x = this.px(i) + 0.2 * width;
      this.put(`bar${i}`, "rect", {
        x, width: 0.6 * width, y: Math.min(end, zero), height: Math.abs(end - zero), fill: FILLS[i],
      });
      const at = { x: this.px(i + 0.5), "text-anchor": "middle" };
      this.put(`value${i}`, "text", { ...at, y: part < 0 ? end + 14 : end - 4 }, fixed(part, 3));
      this.put(`name${i}`, "text", { ...at, y: this.height - 8 }, NAMES[i]);
    });
    const ends = { x1: this.left, x2: this.width - this.right, y1: this.py(0), y2: this.py(0) };
    this.put("zero", "line", { ...ends, stroke: "currentColor" });
    this.say(`Of the loss, ${NAMES[0]} is ${fixed(parts[0], 3)} and ${NAMES[1]} is ${fixed(parts[1], 3)}`);
  }
}
