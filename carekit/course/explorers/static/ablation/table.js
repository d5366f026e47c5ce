// @ts-check
// Settings down, metrics across; a cell is chosen by a click or by the arrow keys.

import { html } from "../elements.js";
import { heat } from "../heat.js";
import { fixed } from "../words.js";

const DARK = 0.179; // the luminance below which white is the easier to read

/**
 * Black or white, whichever is easier to read on a colour (contrast as WCAG 2 computes it, at least 4.5).
 * @param {number[]} rgb
 */
function readable(rgb) {
  const [r, g, b] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > DARK ? "#000" : "#fff";
}

/**
 * A mean with half of its interval.
 * @param {number} mean
 * @param {number} half
 * @param {number} digits
 */
export function withHalf(mean, half, digits) {
  if (Number.isNaN(mean)) return "unknown";
  return fixed(mean, digits) + (Number.isNaN(half) ? " (one seed)" : ` ± ${fixed(half, digits)}`);
}

export class StudyTable {
  /**
   * @param {import("./view.js").Scene} scene
   * @param {(setting: number, metric: number) => { mean: number, half: number }} value
   * @param {(setting: number, metric: number) => void} choose
   */
  constructor({ settings, metrics, control }, value, choose) {
    this.settings = settings;
    this.metrics = metrics;
    this.value = value;
    this.choose = choose;
    /** @type {HTMLElement | null} */
    this.chosen = null;
    this.cells = settings.map((_, s) => metrics.map((_, m) => this.cell(s, m)));
    const heads = metrics.map(({ short }) => html("th", { scope: "col" }, short));
    const rows = this.cells.map((cells, s) => {
      const head = html("th", { scope: "row", class: s === control ? "ck-control-row" : null }, settings[s]);
      return html("tr", {}, head, ...cells);
    });
    const table = html("table", { role: "grid", "aria-label": "Settings and their figures; arrow keys choose a cell" },
      html("thead", {}, html("tr", {}, html("th", { scope: "col" }, "setting"), ...heads)), html("tbody", {}, ...rows));
    table.addEventListener("keydown", (event) => this.key(event));
    const about = "Means over the seeds; brighter is more in its column. A chosen cell shows its first seed's map.";
    this.element = html("figure", { class: "ck-picture ck-study" }, table, html("figcaption", {}, about));
  }

  /**
   * @param {number} s the setting
   * @param {number} m the metric
   */
  cell(s, m) {
    const { short, colours: [low, high] } = this.metrics[m];
    const { mean, half } = this.value(s, m);
    const known = !Number.isNaN(mean);
    const label = `${this.settings[s]}, ${short} ${withHalf(mean, half, 2)}`;
    const cell = html("td", { role: "gridcell", tabindex: -1, "aria-label": label }, known ? fixed(mean) : "–");
    if (known) {
      const back = heat((mean - low) / (high - low), 1).slice(0, 3);
      cell.style.background = `rgb(${back})`;
      cell.style.color = readable(back);
    }
    cell.addEventListener("click", () => this.take(s, m));
    return cell;
  }

  /**
   * @param {number} s
   * @param {number} m
   */
  take(s, m) {
    this.choose(s, m);
    this.cells[s][m].focus();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const s = this.cells.findIndex((row) => row.some((cell) => cell === event.target));
    if (s < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const m = this.cells[s].findIndex((cell) => cell === event.target);
    const lastSetting = this.cells.length - 1;
    const lastMetric = this.metrics.length - 1;
    /** @type {Record<string, [number, number]>} */
    const ways = {
      ArrowUp: [Math.max(s - 1, 0), m], ArrowDown: [Math.min(s + 1, lastSetting), m],
      ArrowLeft: [s, Math.max(m - 1, 0)], ArrowRight: [s, Math.min(m + 1, lastMetric)],
      Home: [s, 0], End: [s, lastMetric], " ": [s, m], Enter: [s, m],
    };
    const to = ways[event.key];
    if (!to) return;
    event.preventDefault();
    this.take(...to);
  }

  /**
   * One cell is chosen, and it alone is a stop of the tab key.
   * @param {number} s
   * @param {number} m
   */
  mark(s, m) {
    const chosen = this.cells[s][m];
    if (this.chosen === chosen) return;
    this.chosen?.setAttribute("aria-selected", "false");
    this.chosen?.setAttribute("tabindex", "-1");
    chosen.setAttribute("aria-selected", "true");
    chosen.setAttribute("tabindex", "0");
    this.chosen = chosen;
  }
}
