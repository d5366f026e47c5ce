// @ts-check
// The ablation study: one parameter as a line, every setting as a heat map, and what a setting attends to.

import { SweepChart } from "./ablation_chart.js";
import { StudyTable, withHalf } from "./ablation_table.js";
import { decode, part } from "./arrays.js";
import { html } from "./elements.js";
import { Overlay } from "./overlay.js";
import { nice } from "./words.js";

/** @typedef {import("./arrays.js").Packed} Packed */
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
 * @property {import("./maths.js").Box[][]} boxes
 * @property {string[]} names
 * @property {Packed} maps (settings, images, u, v)
 */

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

/**
 * @param {import("./frame.js").Frame} frame
 * @returns {import("./frame.js").View}
 */
export function ablation(frame) {
  /** @type {Scene} */
  const scene = frame.scene;
  const { settings, control, metrics, signs, sweeps, lines, names } = scene;
  const means = decode(scene.means).data;
  const halves = decode(scene.halves).data;
  const images = decode(scene.images);
  const maps = decode(scene.maps);
  const shape = maps.shape.slice(2);
  const without = settings[control];
  const owners = ownersOf(sweeps);
  /** @param {number} s @param {number} m */
  const value = (s, m) => ({ mean: means[s * metrics.length + m], half: halves[s * metrics.length + m] });

  const table = new StudyTable(scene, value, (s, m) => {
    const parameter = owners[s] === undefined ? {} : { parameter: owners[s] };
    frame.set({ setting: settings[s], metric: metrics[m].key, ...parameter }, true);
  });
  const chart = new SweepChart("One figure over one parameter", { x: [0, 1], y: [0, 1], width: 420, height: 210 });
  const here = new Overlay("Map of the chosen setting", scene, images);
  const there = new Overlay(`Map of ${without}`, scene, images);
  const side = html("div", { class: "ck-study-side" }, chart.element, here.element, there.element);
  frame.add(table, { element: side });

  /**
   * @param {string} parameter
   * @param {number} m
   * @param {number} chosen
   */
  const drawSweep = (parameter, m, chosen) => {
    const points = sweeps[parameter].map(([x, s]) => ({ x, setting: s, ...value(s, m) }));
    const theirs = value(control, m);
    const { short, axis, key } = metrics[m];
    chart.draw({ points, control: theirs, sign: signs[parameter], name: short, range: axis, chosen });
    const what = `${frame.labelOf("metric", key)} over ${signs[parameter]}`;
    const told = points.map(({ x, mean, half }) => `${nice(x)}: ${withHalf(mean, half, 2)}`).join(", ");
    const intervals = points.every(({ half }) => Number.isNaN(half)) ? "one seed" : "95 % intervals";
    chart.caption.textContent = `${what}, ${intervals}; dashed: ${without}`;
    chart.say(`${what}: ${told}; ${without}: ${withHalf(theirs.mean, theirs.half, 2)}`);
  };

  return {
    draw({ parameter, metric, setting, image }) {
      const s = settings.indexOf(setting);
      const m = metrics.findIndex(({ key }) => key === metric);
      const ours = value(s, m);
      const theirs = value(control, m);
      const inside = here.show(part(maps, s, image), shape, image, setting, names[image]);
      const outside = there.show(part(maps, control, image), shape, image, without, names[image]);
      table.mark(s, m);
      drawSweep(parameter, m, s);
      const beside = s === control ? "" : `; ${without}: ${withHalf(theirs.mean, theirs.half, 3)}`;
      const attention = here.told + (s === control ? "" : `; ${without}: ${there.told}`);
      return {
        words: `${setting}: ${frame.labelOf("metric", metric)} ${withHalf(ours.mean, ours.half, 3)}${beside}. ` +
          `Share of attention inside the box of this image: ${attention}.`,
        numbers: {
          ...ours, inside, control_mean: theirs.mean, control_half: theirs.half, control_inside: outside,
        },
      };
    },
    parameters: () => lines[frame.values.setting] ?? "",
  };
}
