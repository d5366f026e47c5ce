// @ts-check
// A training of the scene or of the kernel, epoch by epoch: two arms, two parts of the data, and some images.

import { decode, part } from "../arrays.js";

/** @typedef {import("../arrays.js").Packed} Packed */

/**
 * @typedef {object} PackedRun what carekit.course.explorers.training.recording.pack sends
 * @property {Record<string, number>} parameters
 * @property {Packed} curves (epochs, arms, parts, metrics)
 * @property {Packed} maps (epochs, arms, images, u, v)
 * @property {Packed} probabilities (epochs, arms, images, classes)
 */

export const WITH = 0;
export const WITHOUT = 1;
export const TRAIN = 0;
export const TEST = 1;

export class TrainingRun {
  /** @param {PackedRun} run */
  constructor({ parameters, curves, maps, probabilities }) {
    this.parameters = parameters;
    this.curves = decode(curves);
    this.maps = decode(maps);
    this.probabilities = decode(probabilities);
    this.last = this.curves.shape[0] - 1;
    this.shape = this.maps.shape.slice(3); // u, v
  }

  /**
   * @param {number} epoch
   * @param {number} arm
   * @param {number} side the training or the test images
   * @param {number} metric
   */
  value(epoch, arm, side, metric) {
    return part(this.curves, epoch, arm, side, metric)[0];
  }

  /**
   * @param {number} epoch
   * @param {number} arm
   * @param {number} image
   */
  map(epoch, arm, image) {
    return part(this.maps, epoch, arm, image);
  }

  /**
   * The class that a model says, and its probability.
   * @param {number} epoch
   * @param {number} arm
   * @param {number} image
   */
  said(epoch, arm, image) {
    const chances = part(this.probabilities, epoch, arm, image);
    const chance = Math.max(...chances);
    return { index: chances.indexOf(chance), chance };
  }
}
