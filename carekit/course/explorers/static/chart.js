// @ts-check
// Axes in SVG, with named marks on them.

import { html, setAttributes, svg } from "./elements.js";
import { nice } from "./words.js";

/** @typedef {[number, number]} Range low, high */

/**
 * @typedef {object} Axes
 * @property {Range} x
 * @property {Range} y
 * @property {string} [xlabel]
 * @property {string} [ylabel]
 * @property {number} [width]
 * @property {number} [height]
 * @property {{ x: number[], y: number[] } | null} [ticks] by default the ends and the middle of each axis
 */

const WIDE = 400; // from this width on its text is enlarged on a narrow page

/** A chart whose lines, dots, bands and bars have names: who puts a name again moves its mark. */
export class Chart {
  /**
   * @param {string} caption
   * @param {Axes} axes
   */
  constructor(caption, { x, y, xlabel = "", ylabel = "", width = 320, height = 240, ticks = null }) {
    /** @type {Range} */
    this.x = x;
    /** @type {Range} */
    this.y = y;
    this.width = width;
    this.height = height;
    this.left = 52;
    this.bottom = 40;
    this.top = 10;
    this.right = 12;
    this.labels = { xlabel, ylabel, ticks };
    /** @type {Record<string, SVGElement>} */
    this.marks = {};
    const shape = width > WIDE ? "ck-chart ck-wide" : "ck-chart";
    this.svg = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: shape, "aria-label": caption });
    this.caption = html("figcaption", {}, caption);
    this.element = html("figure", { class: "ck-picture" }, this.svg, this.caption);
    this.axes = svg("g", { class: "ck-axes" });
    this.layer = svg("g", {});
    this.svg.append(this.axes, this.layer);
    this.drawAxes();
  }

  /**
   * New axes; all marks are taken away.
   * @param {Axes} axes
   */
  renew({ x, y, xlabel = "", ylabel = "", ticks = null }) {
    this.x = x;
    this.y = y;
    this.labels = { xlabel, ylabel, ticks };
    this.marks = {};
    this.layer.replaceChildren();
    this.drawAxes();
  }

  drawAxes() {
    const { width, height, left, bottom, top, right, x, y } = this;
    const { xlabel, ylabel, ticks } = this.labels;
    const foot = height - bottom;
    this.axes.replaceChildren(
      svg("line", { x1: left, y1: foot, x2: width - right, y2: foot }),
      svg("line", { x1: left, y1: top, x2: left, y2: foot }),
      svg("text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, xlabel),
      svg("text", { x: 12, y: height / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${height / 2})` }, ylabel),
    );
    for (const value of ticks?.x ?? middled(x)) {
      this.axes.append(svg("text", { x: this.px(value), y: foot + 15, "text-anchor": "middle" }, nice(value)));
    }
    for (const value of ticks?.y ?? middled(y)) this.yTick(value, this.py(value));
  }

  /**
   * @param {number} value
   * @param {number} at
   */
  yTick(value, at) {
    this.axes.append(svg("text", { x: this.left - 6, y: at + 4, "text-anchor": "end" }, nice(value)));
  }

  /**
   * Where a value of x lies on the drawing.
   * @param {number} value
   */
  px(value) {
    const { width, left, right, x } = this;
    return left + ((value - x[0]) / (x[1] - x[0] || 1)) * (width - left - right);
  }

  /**
   * Where a value of y lies on the drawing.
   * @param {number} value
   */
  py(value) {
    const { height, bottom, top, y } = this;
    return height - bottom - ((value - y[0]) / (y[1] - y[0] || 1)) * (height - bottom - top);
  }

  /**
   * A mark by its name: made at first, then moved.
   * @param {string} name
   * @param {keyof SVGElementTagNameMap} tag
   * @param {import("./elements.js").Attributes} attributes
   * @param {...string} children
   */
  put(name, tag, attributes, ...children) {
    const mark = this.marks[name];
    if (mark) {
      setAttributes(mark, attributes);
      if (children.length) mark.replaceChildren(...children);
    } else {
      this.marks[name] = svg(tag, attributes, ...children);
      this.layer.append(this.marks[name]);
    }
  }

  /**
   * A line through points.
   * @param {string} name
   * @param {number[][]} points
   * @param {{ colour?: string, dash?: string }} style
   */
  line(name, points, { colour = "currentColor", dash = "" } = {}) {
    const text = points.map(([x, y]) => `${this.px(x).toFixed(1)},${this.py(y).toFixed(1)}`).join(" ");
    const pen = { stroke: colour, fill: "none", "stroke-width": 2, "stroke-dasharray": dash };
    this.put(name, "polyline", { points: text, ...pen });
  }

  /**
   * @param {string} name
   * @param {number} x
   * @param {number} y
   * @param {{ colour: string, radius?: number }} style
   */
  dot(name, x, y, { colour, radius = 6 }) {
    this.put(name, "circle", { cx: this.px(x), cy: this.py(y), r: radius, fill: colour, stroke: "#fff" });
  }

  /**
   * What is to be seen, in words.
   * @param {string} text
   */
  say(text) {
    this.svg.setAttribute("aria-label", text);
  }
}

/** @param {Range} range */
export function middled([low, high]) {
  return [low, (low + high) / 2, high];
}
