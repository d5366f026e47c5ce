// @ts-check
// What the models' answers come to, in numbers and in sentences.

import { fill } from "../captions.js";

/** @typedef {{ chances: import("../arrays.js").Numbers }} Answer */
/** @typedef {{ classes: string[], rarest: number, models: { name: string }[], answer: string }} Scene */

/**
 * The class that a model says.
 * @param {Answer} answer
 */
export function labelOf({ chances }) {
  return chances.indexOf(Math.max(...chances));
}

/**
 * How sure each model is of the rarest class, and how many are right.
 * @param {Answer[]} answers
 * @param {number} label the true class
 * @param {number} rarest
 * @returns {Record<string, number>}
 */
export function numbersOf(answers, label, rarest) {
  const chances = Object.fromEntries(answers.map((answer, m) => [`rare_${m}`, answer.chances[rarest]]));
  return { ...chances, right: answers.filter((answer) => labelOf(answer) === label).length };
}

/**
 * What the models say, in one sentence without its end.
 * @param {Answer[]} answers
 * @param {Scene} scene
 */
export function sentenceOf(answers, { classes, rarest, models, answer: template }) {
  const said = answers.map((answer, m) => fill(template, {
    model: models[m].name, label: classes[labelOf(answer)], rare: classes[rarest], chance: answer.chances[rarest],
  }));
  return said.join("; ");
}
