// @ts-check
// The second stage, epoch by epoch, with CARE and without; a kernel trains it anew, and the page follows.

import { decode, part } from "./arrays.js";
import { MODELS } from "./colours.js";
import { html } from "./elements.js";
import { Overlay } from "./overlay.js";
import { Picture } from "./picture.js";
import { scaleBar } from "./scale_bar.js";
import { RECORDED, STATUSES, TRAINING, TrainingBar } from "./training_bar.js";
import { Gallery } from "./training_gallery.js";
import { TrainingChart } from "./training_chart.js";
import { TEST, TRAIN, TrainingRun, WITH, WITHOUT } from "./training_run.js";
import { fixed, orUnknown } from "./words.js";

/** @typedef {import("./frame.js").Frame} Frame */

/**
 * @typedef {object} Scene
 * @property {number} size
 * @property {string[]} classes
 * @property {string[]} metrics their keys, in the order of the curves
 * @property {number} epochs
 * @property {import("./arrays.js").Packed} images
 * @property {import("./maths.js").Box[][]} boxes
 * @property {string[]} names
 * @property {number[]} labels
 * @property {import("./training_run.js").PackedRun} run
 */

const ARMS = [
  { name: "CARE", long: "CARE", colour: MODELS.CARE },
  { name: "α = 0", long: "control (α = 0)", colour: MODELS["α = 0"] },
];
const STEP = 500; // ms that an epoch is shown for when they are played
const FIRST = 600_000; // ms of silence before the first epoch: nobody knows how long one takes
const SILENCE = 60_000; // ms of silence after it, and
const GAPS = 10; // times what the last epoch took
const SILENT = "Nothing has come from the kernel for a long time: it may be busy or gone. " +
  "Restart it, then run this cell again.";

/** The run that is shown: the recorded one, or what the kernel says of its training. */
class Following {
  /** @param {Frame} frame */
  constructor(frame) {
    this.frame = frame;
    this.recorded = new TrainingRun(frame.scene.run);
    this.run = this.recorded;
    this.status = RECORDED;
    this.begun = true;
    this.heard = 0;
    this.silence = 0;
    frame.kernel.listen("change:live", () => this.hear(frame.kernel.get("live") ?? {}));
    const live = frame.kernel.get("live");
    if (live?.status) this.hear(live); // a view that was opened later
  }

  /** @param {{ status?: string, run?: import("./training_run.js").PackedRun | null }} live */
  hear({ status = RECORDED, run }) {
    const following = this.frame.values.epoch >= this.run.last || run === null;
    clearTimeout(this.silence);
    this.status = status;
    this.begun = run !== null;
    if (run !== null) this.run = run ? new TrainingRun(run) : this.recorded;
    if (following) this.frame.adopt({ epoch: this.begun ? this.run.last : 0 }, true);
    else this.frame.paint();
    if (status === TRAINING) this.expect();
  }

  /** The kernel is not silent for long while it trains. */
  expect() {
    const gap = this.begun && this.heard ? performance.now() - this.heard : 0;
    this.heard = this.begun ? performance.now() : 0;
    this.silence = setTimeout(() => this.frame.complain(SILENT), this.begun ? SILENCE + GAPS * gap : FIRST);
  }

  stop() {
    clearTimeout(this.silence);
  }
}

/** The epochs, one after the other. */
class Player {
  /**
   * @param {Frame} frame
   * @param {Following} following
   */
  constructor(frame, following) {
    this.frame = frame;
    this.following = following;
    this.timer = 0;
  }

  play() {
    this.stop();
    this.frame.adopt({ epoch: 0 }, true);
    this.timer = setTimeout(() => this.step(), STEP);
  }

  step() {
    const { epoch } = this.frame.values;
    if (epoch >= this.following.run.last) return;
    this.frame.adopt({ epoch: epoch + 1 }, true);
    this.timer = setTimeout(() => this.step(), STEP);
  }

  stop() {
    clearTimeout(this.timer);
  }
}

/**
 * @param {Frame} frame
 * @returns {import("./frame.js").View}
 */
export function training(frame) {
  /** @type {Scene} */
  const scene = frame.scene;
  const { classes, metrics, epochs, names, labels } = scene;
  const images = decode(scene.images);
  const chart = new TrainingChart("Curves", { x: [0, epochs], y: [0, 1], width: 420, height: 230 }, ARMS);
  const overlays = ARMS.map(({ name, colour }) =>
    new Overlay(`Map of the true class, ${name}`, scene, images, colour));
  const photo = new Picture("The image", scene.size);
  const gallery = new Gallery(scene, images, ARMS, (image) => frame.set({ image }, true));
  const maps = [...overlays.map(({ element }) => element), scaleBar(false, ["lowest of the map", "", "highest"])];
  maps.forEach((each) => each.classList.add("ck-answer"));
  frame.premise(gallery, { element: html("div", { class: "ck-trio" }, photo.element, ...maps) });
  chart.element.classList.add("ck-broad");
  frame.add(chart);
  const following = new Following(frame);
  const player = new Player(frame, following);
  const bar = new TrainingBar(frame, () => player.play());
  frame.panel.after(bar.element);

  /**
   * @param {number} m the place of the metric
   * @param {string} label
   * @param {number} epoch
   */
  const drawCurves = (m, label, epoch) => {
    const { run } = following;
    chart.draw(run, m, label, Math.max(epochs, 1), epoch);
    chart.caption.textContent = `${label}: test images full, training images dotted`;
    const first = orUnknown(run.value(0, WITH, TEST, m));
    const [last, plain] = [WITH, WITHOUT].map((arm) => orUnknown(run.value(run.last, arm, TEST, m)));
    chart.say(`${label} over the epochs, on test images with CARE from ${first} to ${last}, with α = 0 to ${plain}`);
  };

  /** @param {number} epoch */
  const rightAt = (epoch) => labels.map((label, i) => {
    const right = [WITH, WITHOUT].map((arm) => following.run.said(epoch, arm, i).index === label);
    return /** @type {[boolean, boolean]} */ (right);
  });

  /** @param {import("./frame.js").Values} values */
  const askedFor = ({ alpha, tau, lam, box_scale }) => {
    const own = following.run.parameters;
    const other = own.alpha !== alpha || own.tau !== tau || own.lam !== lam || own.box_scale !== box_scale;
    return other && !frame.kernel.alone ? " The sliders ask for other values: train with them." : "";
  };

  /** @type {import("./frame.js").View["draw"]} */
  const draw = (values) => {
    const { image, epoch, metric, disagree } = values;
    const { run, status, begun } = following;
    bar.show(status, begun ? run.last : 0, epochs);
    if (!names[image]) throw new Error(`Image ${image} is not there: choose 0 to ${names.length - 1}, or reset.`);
    if (!STATUSES.includes(status)) throw new Error(`The training ended: ${status}`);
    frame.stage.classList.toggle("ck-away", !begun);
    if (!begun) return { words: "The training begins.", numbers: {} };
    const at = Math.min(epoch, run.last);
    if (epoch > run.last) frame.amend({ epoch: run.last });
    const m = metrics.indexOf(metric);
    const label = frame.labelOf("metric", metric);
    drawCurves(m, label, at);
    gallery.show(rightAt(at), image, disagree);
    photo.caption.textContent = names[image];
    photo.show({ image: part(images, image), boxes: scene.boxes[image], text: names[image], key: image });
    const insides = overlays.map((overlay, arm) =>
      overlay.show(run.map(at, arm, image), run.shape, image, ARMS[arm].name, `${names[image]}, epoch ${at}`));
    const said = ARMS.map((_, arm) => {
      const { index, chance } = run.said(at, arm, image);
      const sign = index === labels[image] ? "\u2713" : "\u2717";
      const { caption } = overlays[arm].picture;
      caption.textContent = `${ARMS[arm].name} ${sign} ${classes[index]}; share inside ${overlays[arm].told}`;
      return `${classes[index]} (${fixed(chance)})`;
    });
    const [train, test] = [TRAIN, TEST].map((side) => run.value(at, WITH, side, m));
    const [plainTrain, plain] = [TRAIN, TEST].map((side) => run.value(at, WITHOUT, side, m));
    const own = run.parameters;
    const trained = `α ${fixed(own.alpha)}, τ ${fixed(own.tau)}, λ ${fixed(own.lam)}, ` +
      `box scale ${fixed(own.box_scale)}`;
    return {
      words: `Epoch ${at} of ${run.last} with ${trained}: ` +
        `${label} ${orUnknown(test)} with CARE, ${orUnknown(plain)} with α = 0 on test images; ` +
        `${orUnknown(train)} and ${orUnknown(plainTrain)} on training images. ` +
        `Share of attention inside the box of this image: ${overlays[WITH].told} with CARE, ` +
        `${overlays[WITHOUT].told} with α = 0; they say ${said[WITH]} and ${said[WITHOUT]}.${askedFor(values)}`,
      numbers: {
        test, plain, train, plain_train: plainTrain, gain: test - plain,
        inside: insides[WITH], plain_inside: insides[WITHOUT],
        right: rightAt(at).filter((each) => each[WITH]).length,
        plain_right: rightAt(at).filter((each) => each[WITHOUT]).length,
      },
    };
  };

  const stop = () => {
    following.stop();
    player.stop();
  };
  return { draw, stop };
}
