// @ts-check
// One epoch of a run in numbers: the metric that is looked at, and both models on one image.

import { TEST, TRAIN, WITH, WITHOUT } from "./run.js";

/** @typedef {import("./run.js").TrainingRun} TrainingRun */
/** @typedef {{ inside: number, lift: number }} Share */
/** @typedef {[boolean, boolean]} Right whether each model is right */

/**
 * The metric with CARE and without, on test and on training images.
 * @param {TrainingRun} run
 * @param {number} epoch
 * @param {number} metric
 */
export function curvesAt(run, epoch, metric) {
  const [test, plain] = [WITH, WITHOUT].map((arm) => run.value(epoch, arm, TEST, metric));
  const [train, plain_train] = [WITH, WITHOUT].map((arm) => run.value(epoch, arm, TRAIN, metric));
  return { test, plain, train, plain_train, gain: test - plain };
}

/**
 * Which images each model is right about.
 * @param {TrainingRun} run
 * @param {number} epoch
 * @param {number[]} labels
 * @returns {Right[]}
 */
export function rightAt(run, epoch, labels) {
  /** @param {number} arm @param {number} image */
  const right = (arm, image) => run.said(epoch, arm, image).index === labels[image];
  return labels.map((_, image) => [right(WITH, image), right(WITHOUT, image)]);
}

/**
 * What the sentence holds of one epoch and one image.
 * @param {TrainingRun} run
 * @param {{ epoch: number, metric: number, image: number, classes: string[] }} chosen
 * @param {Share[]} shares of attention inside the box, of each model
 * @returns {Record<string, unknown>}
 */
export function valuesAt(run, { epoch, metric, image, classes }, shares) {
  const { test, plain, train, plain_train } = curvesAt(run, epoch, metric);
  const [said, plain_said] = [WITH, WITHOUT].map((arm) => run.said(epoch, arm, image));
  return {
    ...run.parameters, epoch, last: run.last, test, train, plain_test: plain, plain_train,
    share: shares[WITH].inside, lift: shares[WITH].lift, said: classes[said.index], chance: said.chance,
    plain_share: shares[WITHOUT].inside, plain_lift: shares[WITHOUT].lift,
    plain_said: classes[plain_said.index], plain_chance: plain_said.chance,
  };
}

/**
 * Whether the sliders ask for other parameters than those that the run was trained with.
 * @param {TrainingRun} run
 * @param {Record<string, any>} values
 */
export function asksForOthers({ parameters }, values) {
  return Object.entries(parameters).some(([name, value]) => values[name] !== value);
}
