// @ts-check
// Imbalance: class sizes and weights as bars, a recall of each class to move, and what accuracy and MCA make of it.

import { COLOURS } from "../colours.js";
import { html } from "../elements.js";
import { fixed, nice } from "../words.js";
import { ClassBars } from "./bars.js";
import { RATIO, classesOf, recallsOf, scoresOf } from "./numbers.js";
import { RecallPanel, ScorePanel } from "./recalls.js";

/** @typedef {import("./numbers.js").Classes} Classes */

const POWERS = [1, 10, 100, 1000, 10_000];

/** The bars of sizes and of weights, made again for other classes. */
class Bars {
  constructor() {
    this.element = html("div", { class: "ck-pair" });
    this.made = "";
  }

  /**
   * @param {Classes} classes
   * @param {boolean} log
   */
  show({ names, sizes, weights }, log) {
    const round = (/** @type {number} */ top, /** @type {number} */ by) => Math.ceil(top / by) * by;
    const top = round(sizes[0], 1000);
    const heavy = Math.max(2, round(weights[weights.length - 1], 10));
    const made = JSON.stringify([names, top, heavy]);
    if (made !== this.made) {
      this.sizes = new ClassBars("Images of each class", names, {
        colour: COLOURS[0], plain: [0, top / 2, top], log: POWERS.filter((tick) => tick <= 10 * top),
      });
      this.weights = new ClassBars("Weight of each class in the loss; the dashed line is 1, balanced", names, {
        colour: COLOURS[4], plain: [0, heavy / 2, heavy], log: [0.1, 1, 10, 100],
      });
      this.element.replaceChildren(this.sizes.element, this.weights.element);
    }
    this.made = made;
    for (const bars of [this.sizes, this.weights]) bars?.axis(log);
    this.sizes?.bars(sizes, (size) => nice(Math.round(size)));
    this.weights?.bars(weights, (weight) => fixed(weight, weight < 10 && !this.weights?.slanted ? 2 : 1), 1);
    /** @param {(number | string)[]} values */
    const list = (values) => names.map((name, i) => `${name} ${values[i]}`).join(", ");
    this.sizes?.say(`Images: ${list(sizes.map(Math.round))}`);
    this.weights?.say(`Weights: ${list(weights.map((weight) => fixed(weight)))}`);
  }
}

/**
 * @param {import("../frame.js").Frame} frame
 * @returns {import("../frame.js").View}
 */
export function view(frame) {
  /** @type {import("./numbers.js").Scene} */
  const scene = frame.scene;
  const bars = new Bars();
  const recallPanel = new RecallPanel((recalls, settled) => frame.set({ recalls, classifier: "hand" }, settled));
  const scorePanel = new ScorePanel();
  scorePanel.element.classList.add("ck-answer");
  frame.show({ element: html("div", { class: "ck-recalls" }, recallPanel.element, scorePanel.element) }, bars);
  /** @type {{ counts?: string, ratio?: number }} */
  let last = {};

  return {
    draw({ counts, ratio, classifier, recalls: byHand, log }) {
      // Who moves the ratio looks at classes by the ratio.
      const moved = last.counts === counts && last.ratio !== ratio;
      last = { counts: moved ? RATIO : counts, ratio };
      if (moved) frame.amend({ counts: RATIO });
      const classes = classesOf(scene, last.counts ?? counts, ratio);
      const { names, sizes, weights } = classes;
      const { recalls, who } = recallsOf(scene, classifier, byHand ?? [], names);
      const scores = scoresOf(sizes, recalls);
      bars.show(classes, log);
      recallPanel.show(names, recalls);
      scorePanel.show(scores);
      const end = names.length - 1;
      const ends = { largest: names[0], smallest: names[end], low: weights[0], high: weights[end] };
      const about = last.counts === RATIO ? { ratio } : { title: classes.title, times: classes.times };
      const numbers = { sizes, weights, ...scores, recalls };
      return { caption: frame.caption({ ...about, who, ...scores, ...ends }), numbers };
    },
  };
}
