// @ts-check
// Class sizes, their weights, and what a classifier's recalls make of accuracy and MCA.

import { sum } from "../maths.js";

/**
 * @typedef {object} Scene
 * @property {string[]} names
 * @property {Record<string, [string, string[], number[]]>} sets title, names and sizes, largest class first
 * @property {Record<string, number[]>} recalls of known classifiers, in the order of the names
 * @property {number} largest
 * @property {number} most
 * @property {number} good
 */

/** @typedef {{ title?: string, times?: number, names: string[], sizes: number[], weights: number[] }} Classes */

export const RATIO = "ratio";

/**
 * carekit.course.explorers.imbalance.imbalance: sizes that fall geometrically by `ratio` in all.
 * @param {number} ratio
 * @param {number} count
 * @param {number} largest
 */
export function imbalance(ratio, count, largest) {
  return Array.from({ length: count }, (_, i) => largest * ratio ** (-i / (count - 1)));
}

/**
 * carekit.strategies.class_weights: n / (c n_c).
 * @param {number[]} sizes
 */
export function classWeights(sizes) {
  const total = sum(sizes);
  return sizes.map((size) => total / (sizes.length * size));
}

/**
 * The classes that are chosen.
 * @param {Scene} scene
 * @param {string} counts
 * @param {number} ratio
 * @returns {Classes}
 */
export function classesOf({ names, sets, largest }, counts, ratio) {
  if (counts === RATIO) {
    const sizes = imbalance(ratio, names.length, largest);
    return { names, sizes, weights: classWeights(sizes) };
  }
  const [title, own, sizes] = sets[counts];
  const times = Math.round(sizes[0] / sizes[sizes.length - 1]);
  return { title, times, names: own, sizes, weights: classWeights(sizes) };
}

/**
 * The recalls of the chosen classifier, and what it is called in a sentence, if it is not the one that always names the
 * largest class.
 * @param {Scene} scene
 * @param {string} classifier
 * @param {number[]} byHand
 * @param {string[]} names
 * @returns {{ recalls: number[], who?: string }}
 */
export function recallsOf({ recalls, good, names: own }, classifier, byHand, names) {
  const n = names.length;
  const known = classifier.startsWith("known ") ? recalls[classifier.slice(6)] : null;
  if (known && own.join() === names.join()) return { recalls: known, who: classifier.slice(6) };
  if (classifier === "hand" && byHand.length === n) return { recalls: byHand, who: "a classifier with these recalls" };
  if (classifier === "forgets") {
    const forgotten = names.map((_, i) => (i < n - 1 ? good : 0));
    return { recalls: forgotten, who: `finding ${100 * good} % of each class, but never ${names[n - 1]},` };
  }
  return { recalls: names.map((_, i) => (i ? 0 : 1)) };
}

/**
 * Accuracy and MCA of a classifier with these recalls on classes of these sizes.
 * @param {number[]} sizes
 * @param {number[]} recalls
 */
export function scoresOf(sizes, recalls) {
  const right = sum(sizes.map((size, i) => size * recalls[i]));
  return { accuracy: right / sum(sizes), mca: sum(recalls) / recalls.length };
}
