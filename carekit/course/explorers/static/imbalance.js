// @ts-check
// Imbalance: class sizes and weights as bars, a recall of each class to move, and what accuracy and MCA make of it.

import { COLOURS } from "./colours.js";
import { html } from "./elements.js";
import { ClassBars } from "./imbalance_bars.js";
import { RecallPanel, ScorePanel } from "./imbalance_recalls.js";
import { classWeights, imbalance as imbalanceAt, sum } from "./maths.js";
import { fixed, nice } from "./words.js";

/**
 * @typedef {object} Scene
 * @property {string[]} names
 * @property {Record<string, [string, string[], number[]]>} sets title, names and sizes, largest class first
 * @property {Record<string, number[]>} recalls of known classifiers, in the order of the names
 * @property {number} largest
 * @property {number} most
 * @property {number} good
 */

/** @typedef {{ about: string, names: string[], sizes: number[], weights: number[] }} Classes */

const RATIO = "ratio";
const POWERS = [1, 10, 100, 1000, 10_000];

/**
 * The classes that are chosen.
 * @param {Scene} scene
 * @param {string} counts
 * @param {number} ratio
 * @returns {Classes}
 */
function classesOf({ names, sets, largest }, counts, ratio) {
  if (counts === RATIO) return { about: `Ratio ${ratio}`, names, ...imbalanceAt(ratio, names.length, largest) };
  const [title, own, sizes] = sets[counts];
  const about = `${title}, ${Math.round(sizes[0] / sizes[sizes.length - 1])} to 1`;
  return { about, names: own, sizes, weights: classWeights(sizes) };
}

/**
 * The recalls of the chosen classifier, and what it is called in a sentence.
 * @param {Scene} scene
 * @param {string} classifier
 * @param {number[]} byHand
 * @param {string[]} names
 */
function recallsOf({ recalls, good, names: own }, classifier, byHand, names) {
  const n = names.length;
  const known = classifier.startsWith("known ") ? recalls[classifier.slice(6)] : null;
  if (known && own.join() === names.join()) return { recalls: known, who: classifier.slice(6) };
  if (classifier === "hand" && byHand.length === n) return { recalls: byHand, who: "a classifier with these recalls" };
  if (classifier === "forgets") {
    const forgotten = names.map((_, i) => (i < n - 1 ? good : 0));
    return { recalls: forgotten, who: `finding ${100 * good} % of each class, but never ${names[n - 1]},` };
  }
  return { recalls: names.map((_, i) => (i ? 0 : 1)), who: `always naming ${names[0]}` };
}

/** The bars of sizes and of weights, made anew for other classes. */
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
 * @param {import("./frame.js").Frame} frame
 * @returns {import("./frame.js").View}
 */
export function imbalance(frame) {
  /** @type {Scene} */
  const scene = frame.scene;
  const bars = new Bars();
  const recallPanel = new RecallPanel((recalls, settled) => frame.set({ recalls, classifier: "hand" }, settled));
  const scores = new ScorePanel();
  scores.element.classList.add("ck-answer");
  frame.premise({ element: html("div", { class: "ck-recalls" }, recallPanel.element, scores.element) }, bars);
  /** @type {{ counts?: string, ratio?: number }} */
  let last = {};

  return {
    draw({ counts, ratio, classifier, recalls: byHand, log }) {
      const moved = last.counts === counts && last.ratio !== ratio;
      last = { counts: moved ? RATIO : counts, ratio };
      if (moved) frame.amend({ counts: RATIO });
      const classes = classesOf(scene, last.counts ?? counts, ratio);
      const { about, names, sizes, weights } = classes;
      const { recalls, who } = recallsOf(scene, classifier, byHand ?? [], names);
      const accuracy = sum(sizes.map((size, i) => size * recalls[i])) / sum(sizes);
      const mca = sum(recalls) / recalls.length;
      bars.show(classes, log);
      recallPanel.show(names, recalls);
      scores.show({ accuracy, mca });
      const end = names.length - 1;
      return {
        words: `${about}: ${who} has accuracy ${fixed(accuracy, 3)} and MCA ${fixed(mca, 3)}; ` +
          `the weights go from ${fixed(weights[0])} for ${names[0]} to ${fixed(weights[end])} for ${names[end]}.`,
        numbers: { sizes, weights, accuracy, mca, recalls },
      };
    },
  };
}
