// @ts-check
// The ablation study: one parameter as a line, every setting as a heat map, and what a setting attends to.

import { SweepChart } from "./sweep_chart.js";
import { StudyTable, withHalf } from "./table.js";
import { decode, part } from "../arrays.js";
import { html } from "../elements.js";
import { Overlay } from "../overlay.js";
import { nice } from "../words.js";

/** @typedef {import("../arrays.js").Packed} Packed */
/** @typedef {[number, number]} Range */

/**
 * @typedef {object} Scene
 * @property {string[]} settings
 * @property {number} control the place of the setting without attention
 * @property {{ key: string, short: string, colours: Range, axis: Range }[]} metrics
 * @property {Record<string, string>} signs of the parameters
 * @property {Record<string, [number, number][]>} sweeps of each parameter its values, and the places of their settings
 * @property {Record<string, string>} lines of some settings the line of Python
 * @property {Packed} means (settings, metrics)
 * @property {Packed} halves of the intervals
 * @property {number} size
 * @property {Packed} images
 * @property {import("../maths.js").Box[][]} boxes
 * @property {string[]} names
 * @property {Packed} maps (settings, images, u, v)
 */

/** @typedef {{ mean: number, half: number }} Value */

/**
 * (setting, metric) => its mean, and half of its interval.
 * @param {Scene} scene
 * @returns {(setting: number, metric: number) => Value}
 */
function valuesOf({ means, halves, metrics }) {
  const [mean, half] = [decode(means).data, decode(halves).data];
  return (s, m) => ({ mean: mean[s * metrics.length + m], half: half[s * metrics.length + m] });
}

/**
 * The parameter that each setting of a sweep varies.
 * @param {Scene["sweeps"]} sweeps
 */
function ownersOf(sweeps) {
  /** @type {Record<number, string>} */
  const owners = {};
  for (const [name, points] of Object.entries(sweeps)) for (const [, s] of points) owners[s] ??= name;
  return owners;
}

/** One parameter as a line, the control next to it. */
class Sweep {
  /**
   * @param {import("../frame.js").Frame} frame
   * @param {(setting: number, metric: number) => Value} value
   */
  constructor(frame, value) {
    this.frame = frame;
    this.value = value;
    this.chart = new SweepChart("One figure over one parameter", { x: [0, 1], y: [0, 1], width: 420, height: 210 });
    this.element = this.chart.element;
  }

  /**
   * @param {string} parameter
   * @param {number} m the metric
   * @param {number} chosen the setting
   */
  show(parameter, m, chosen) {
    /** @type {Scene} */
    const { sweeps, metrics, signs, settings, control } = this.frame.scene;
    const points = sweeps[parameter].map(([x, s]) => ({ x, setting: s, ...this.value(s, m) }));
    const theirs = this.value(control, m);
    const { short, axis, key } = metrics[m];
    this.chart.draw({ points, control: theirs, sign: signs[parameter], name: short, range: axis, chosen });
    const what = `${this.frame.labelOf("metric", key)} over ${signs[parameter]}`;
    const means = points.map(({ x, mean, half }) => `${nice(x)}: ${withHalf(mean, half, 2)}`).join(", ");
    const intervals = points.every(({ half }) => Number.isNaN(half)) ? "one seed" : "95 % intervals";
    this.chart.caption.textContent = `${what}, ${intervals}; dashed: ${settings[control]}`;
    this.chart.say(`${what}: ${means}; ${settings[control]}: ${withHalf(theirs.mean, theirs.half, 2)}`);
  }
}

/**
 * @param {import("../frame.js").Frame} frame
 * @returns {import("../frame.js").View}
 */
export function view(frame) {
  /** @type {Scene} */
  const scene = frame.scene;
  const { settings, control, metrics, lines, names } = scene;
  const images = decode(scene.images);
  const maps = decode(scene.maps);
  const without = settings[control];
  const owners = ownersOf(scene.sweeps);
  const value = valuesOf(scene);
  const table = new StudyTable(scene, value, (s, m) => {
    const parameter = owners[s] === undefined ? {} : { parameter: owners[s] };
    frame.set({ setting: settings[s], metric: metrics[m].key, ...parameter }, true);
  });
  const sweep = new Sweep(frame, value);
  const here = new Overlay("Map of the chosen setting", scene, images);
  const there = new Overlay(`Map of ${without}`, scene, images);
  const side = html("div", { class: "ck-study-side" }, sweep.element, here.element, there.element);
  frame.showAfterGuess(table, { element: side });

  return {
    draw({ parameter, metric, setting, image }) {
      const s = settings.indexOf(setting);
      const m = metrics.findIndex(({ key }) => key === metric);
      const [ours, theirs] = [value(s, m), value(control, m)];
      const shape = maps.shape.slice(2);
      const share = here.show(part(maps, s, image), shape, image, setting, names[image]);
      const plain = there.show(part(maps, control, image), shape, image, without, names[image]);
      table.mark(s, m);
      sweep.show(parameter, m, s);
      const numbers = {
        ...ours, inside: share.inside,
        control_mean: theirs.mean, control_half: theirs.half, control_inside: plain.inside,
      };
      const about = { setting, label: frame.labelOf("metric", metric), control: s !== control && without };
      const lifts = { lift: share.lift, control_lift: plain.lift };
      return { caption: frame.caption({ ...numbers, ...lifts, ...about }), numbers };
    },
    parameters: () => lines[frame.values.setting] ?? "",
  };
}
