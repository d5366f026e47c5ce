// @ts-check
// Imbalance: class sizes and class weights as bars, and what always naming the largest class scores at each ratio.

import { Chart } from "./chart.js";
import { COLOURS } from "./colours.js";
import { ClassBars } from "./imbalance_bars.js";
import { imbalance as imbalanceAt } from "./maths.js";
import { fixed, nice } from "./words.js";

/** @typedef {{ names: string[], largest: number, most: number }} Scene */

/** @param {Scene} scene */
function sizeBarsOf({ names, largest }) {
  return new ClassBars("Images of each class", names, {
    colour: COLOURS[0], plain: [0, largest / 2, largest], log: [1, 10, 100, largest],
  });
}

/** @param {Scene} scene */
function weightBarsOf({ names, largest, most }) {
  const { weights } = imbalanceAt(most, names.length, largest);
  const top = Math.ceil(weights[weights.length - 1] / 10) * 10;
  return new ClassBars("Weight of each class in the loss; the dashed line is 1, balanced", names, {
    colour: COLOURS[4], plain: [0, top / 2, top], log: [0.1, 1, 10, 100],
  });
}

/**
 * Accuracy and MCA of always naming the largest class, over all ratios.
 * @param {Scene} scene
 */
function scoresOf({ names, largest, most }) {
  const count = names.length;
  const chart = new Chart("What always naming the largest class scores", {
    x: [1, most], y: [0, 1], xlabel: "ratio of largest to smallest", ylabel: "score",
    ticks: { x: [1, most / 2, most], y: [0, 0.5, 1] },
  });
  const accuracies = Array.from({ length: most }, (_, i) => [i + 1, imbalanceAt(i + 1, count, largest).accuracy]);
  chart.line("accuracy", accuracies, { colour: COLOURS[1] });
  chart.line("mca", [[1, 1 / count], [most, 1 / count]], { colour: COLOURS[2], dash: "8 4" });
  const end = { x: chart.width - chart.right, "text-anchor": "end" };
  chart.put("accuracy name", "text", { ...end, y: chart.py(accuracies[most - 1][1]) - 10 }, "accuracy");
  chart.put("mca name", "text", { ...end, y: chart.py(1 / count) - 7 }, "MCA");
  return chart;
}

/**
 * @param {import("./frame.js").Frame} frame
 * @returns {import("./frame.js").View}
 */
export function imbalance(frame) {
  /** @type {Scene} */
  const scene = frame.scene;
  const { names, largest } = scene;
  const sizeBars = sizeBarsOf(scene);
  const weightBars = weightBarsOf(scene);
  const always = scoresOf(scene);
  frame.add(sizeBars, weightBars, always);
  /** @type {boolean | null} */
  let scale = null;

  return {
    draw({ ratio, log }) {
      const numbers = imbalanceAt(ratio, names.length, largest);
      const { sizes, weights, accuracy, mca } = numbers;
      if (scale !== log) {
        sizeBars.axis(log);
        weightBars.axis(log);
        scale = log;
      }
      sizeBars.bars(sizes, (size) => nice(Math.round(size)));
      weightBars.bars(weights, (weight) => fixed(weight, weight < 10 && !weightBars.slanted ? 2 : 1), 1);
      always.line("here", [[ratio, 0], [ratio, 1]], { dash: "2 4" });
      always.dot("accuracy here", ratio, accuracy, { colour: COLOURS[1] });
      always.dot("mca here", ratio, mca, { colour: COLOURS[2] });

      /** @param {(number | string)[]} values */
      const list = (values) => names.map((name, i) => `${name} ${values[i]}`).join(", ");
      sizeBars.say(`Images: ${list(sizes.map(Math.round))}`);
      weightBars.say(`Weights: ${list(weights.map((weight) => fixed(weight)))}`);
      always.say(`At ratio ${ratio} accuracy is ${fixed(accuracy, 3)}, and MCA ${fixed(mca, 3)} as at any ratio`);
      const last = names.length - 1;
      return {
        words: `Ratio ${ratio}: always naming ${names[0]} has accuracy ${fixed(accuracy, 3)} ` +
          `and MCA ${fixed(mca, 3)}; ` +
          `the weights go from ${fixed(weights[0])} for ${names[0]} to ${fixed(weights[last])} for ${names[last]}.`,
        numbers,
      };
    },
  };
}
