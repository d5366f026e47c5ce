// @ts-check
// The second stage, epoch by epoch, with CARE and without; a kernel trains it again, and the page follows.

import { decode, part } from "../arrays.js";
import { MODELS } from "../colours.js";
import { html } from "../elements.js";
import { Overlay, shareText } from "../overlay.js";
import { Picture } from "../picture.js";
import { scaleBar } from "../scale_bar.js";
import { orUnknown } from "../words.js";
import { STATUSES, TrainingBar } from "./bar.js";
import { TrainingChart } from "./chart.js";
import { Following } from "./following.js";
import { Gallery } from "./gallery.js";
import { asksForOthers, curvesAt, rightAt, valuesAt } from "./numbers.js";
import { Player } from "./player.js";
import { TEST, WITH, WITHOUT } from "./run.js";

/** @typedef {import("../frame.js").Frame} Frame */
/** @typedef {import("./run.js").TrainingRun} TrainingRun */

/**
 * @typedef {object} Scene
 * @property {number} size
 * @property {string[]} classes
 * @property {string[]} metrics their keys, in the order of the curves
 * @property {number} epochs
 * @property {import("../arrays.js").Packed} images
 * @property {import("../maths.js").Box[][]} boxes
 * @property {string[]} names
 * @property {number[]} labels
 * @property {import("./run.js").PackedRun} run
 */

const ARMS = [
  { name: "CARE", long: "CARE", colour: MODELS.CARE },
  { name: "α = 0", long: "control (α = 0)", colour: MODELS["α = 0"] },
];
/** The curves, the image and both maps. */
class Stage {
  /** @param {Frame} frame */
  constructor(frame) {
    /** @type {Scene} */
    this.scene = frame.scene;
    const { epochs, size } = this.scene;
    this.images = decode(this.scene.images);
    this.chart = new TrainingChart("Curves", { x: [0, epochs], y: [0, 1], width: 420, height: 230 }, ARMS);
    this.overlays = ARMS.map(({ name, colour }) =>
      new Overlay(`Map of the true class, ${name}`, this.scene, this.images, colour));
    this.photo = new Picture("The image", size);
    this.gallery = new Gallery(this.scene, this.images, ARMS, (image) => frame.set({ image }, true));
    const scale = scaleBar(false, ["lowest of the map", "", "highest"]);
    const maps = [...this.overlays.map(({ element }) => element), scale];
    maps.forEach((element) => element.classList.add("ck-answer"));
    frame.show(this.gallery, { element: html("div", { class: "ck-trio" }, this.photo.element, ...maps) });
    this.chart.element.classList.add("ck-broad");
    frame.showAfterGuess(this.chart);
  }

  /**
   * @param {TrainingRun} run
   * @param {number} m the metric
   * @param {string} label
   * @param {number} epoch
   */
  showCurves(run, m, label, epoch) {
    const { chart } = this;
    chart.draw(run, m, label, Math.max(this.scene.epochs, 1), epoch);
    chart.caption.textContent = `${label}: test images full, training images dotted`;
    const first = orUnknown(run.value(0, WITH, TEST, m));
    const [last, plain] = [WITH, WITHOUT].map((arm) => orUnknown(run.value(run.last, arm, TEST, m)));
    chart.say(`${label} over the epochs, on test images with CARE from ${first} to ${last}, with α = 0 to ${plain}`);
  }

  /**
   * Show one image as both models see it; returns the share of each map inside the box.
   * @param {TrainingRun} run
   * @param {number} epoch
   * @param {number} image
   */
  showImage(run, epoch, image) {
    const { classes, labels, names, boxes } = this.scene;
    this.photo.caption.textContent = names[image];
    this.photo.show({ image: part(this.images, image), boxes: boxes[image], text: names[image], key: image });
    return ARMS.map(({ name }, arm) => {
      const overlay = this.overlays[arm];
      const about = `${names[image]}, epoch ${epoch}`;
      const share = overlay.show(run.map(epoch, arm, image), run.shape, image, name, about);
      const { index } = run.said(epoch, arm, image);
      const sign = index === labels[image] ? "\u2713" : "\u2717";
      overlay.picture.caption.textContent = `${name} ${sign} ${classes[index]}; share inside ${shareText(share)}`;
      return share;
    });
  }
}

/**
 * @param {Frame} frame
 * @returns {import("../frame.js").View}
 */
export function view(frame) {
  /** @type {Scene} */
  const { classes, metrics, epochs, names, labels } = frame.scene;
  const stage = new Stage(frame);
  const following = new Following(frame);
  const player = new Player(frame, following);
  const bar = new TrainingBar(frame, () => player.play());
  frame.panel.after(bar.element);

  return {
    draw(values) {
      const { image, metric, disagree } = values;
      const { run, status, begun } = following;
      bar.show(status, begun ? run.last : 0, epochs);
      if (!names[image]) throw new Error(`Image ${image} is not there: choose 0 to ${names.length - 1}, or reset.`);
      if (!STATUSES.includes(status)) throw new Error(`The training ended: ${status}`);
      frame.stage.classList.toggle("ck-away", !begun);
      if (!begun) return { caption: "The training begins.", numbers: {} };
      const epoch = Math.min(values.epoch, run.last);
      if (values.epoch > run.last) frame.amend({ epoch });
      const m = metrics.indexOf(metric);
      const label = frame.labelOf("metric", metric);
      const right = rightAt(run, epoch, labels);
      stage.showCurves(run, m, label, epoch);
      stage.gallery.show(right, image, disagree);
      const shares = stage.showImage(run, epoch, image);
      const others = !frame.kernel.alone && asksForOthers(run, values);
      const sentence = valuesAt(run, { epoch, metric: m, image, classes }, shares);
      const [inside, plain_inside] = shares.map((share) => share.inside);
      const [rights, plain_rights] = [WITH, WITHOUT].map((arm) => right.filter((models) => models[arm]).length);
      return {
        caption: frame.caption({ ...sentence, label, others }),
        numbers: { ...curvesAt(run, epoch, m), inside, plain_inside, right: rights, plain_right: plain_rights },
      };
    },
    stop() {
      following.stop();
      player.stop();
    },
  };
}
