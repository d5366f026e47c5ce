// @ts-check
// The attention loss of one image: overlay, where it asks activation to rise and to fall, and the knee at tau.

import { decode, part } from "./arrays.js";
import { Chart } from "./chart.js";
import { COLOURS } from "./colours.js";
import { heat } from "./heat.js";
import { attentionLoss, rasterise, scaleBoxes, upsample } from "./maths.js";
import { Picture } from "./picture.js";
import { fixed } from "./words.js";

/** @typedef {import("./arrays.js").Packed} Packed */

/**
 * @typedef {object} Scene
 * @property {number} size
 * @property {Packed} images
 * @property {Packed} maps of the true class, (n, u, v)
 * @property {import("./maths.js").Box[][]} boxes
 * @property {string[]} names
 */

const OVERLAY = 0.65; // the map's opacity over the image
const RISE = /** @type {const} */ ([0, 114, 178]); // COLOURS[0]
const FALL = /** @type {const} */ ([213, 94, 0]); // COLOURS[1]

/**
 * @param {import("./frame.js").Frame} frame
 * @returns {import("./frame.js").View}
 */
export function attention_loss(frame) {
  /** @type {Scene} */
  const { size, boxes, names, ...packed } = frame.scene;
  const images = decode(packed.images);
  const maps = decode(packed.maps);
  const [, u, v] = maps.shape;
  const seen = new Picture("Map of the true class, and the box", size);
  const asked = new Picture("Where the loss asks the map to rise (blue) and to fall (orange)", size);
  const knee = new Chart("The inner loss, and this image on it", {
    x: [0, 1], y: [-1, 0], xlabel: "mean activation inside", ylabel: "L_in",
  });
  frame.add(seen, asked, knee);
  let last = -1;
  let large = new Float64Array();

  return {
    draw({ image, tau, lam, alpha, box_scale }) {
      if (image !== last) large = upsample(part(maps, image), u, v, size);
      last = image;
      const scaled = scaleBoxes(boxes[image], box_scale, size);
      const mask = rasterise(scaled, size);
      const numbers = attentionLoss(large, mask, { tau, lam, alpha });
      const { inside, l_in, l_out, l_a, weighted } = numbers;
      const rises = inside < tau;
      const common = { image: part(images, image), grey: true, boxes: scaled };
      seen.show({
        ...common, paint: (i) => heat(large[i], OVERLAY), key: image,
        text: `${names[image]}: mean activation inside the box ${fixed(inside)}`,
      });
      const rise = rises ? /** @type {const} */ ([...RISE, 0.55]) : null;
      const fall = /** @type {const} */ ([...FALL, Math.min(0.7, 0.35 * lam)]);
      asked.show({
        ...common, smooth: false, paint: (i) => (mask[i] ? rise : fall),
        text: `Inside the box the loss asks for ${rises ? "more" : "nothing"}, outside for less, ` +
          `${fixed(lam, 1)} times as much`,
      });
      knee.line("knee", [[0, 0], [tau, -tau], [1, -tau]], { colour: COLOURS[0] });
      knee.line("tau", [[tau, -1], [tau, 0]], { dash: "4 4" });
      knee.dot("here", inside, l_in, { colour: COLOURS[1] });
      knee.say(`The inner loss falls until ${fixed(tau)} and stays; ` +
        `this image is at ${fixed(inside)}, L_in ${fixed(l_in)}`);
      return {
        words: `Mean activation inside the box ${fixed(inside)}, ${rises ? "below" : "above"} τ ${fixed(tau)}: ` +
          `L_in ${fixed(l_in, 3)}, L_out ${fixed(l_out, 3)}, L_a ${fixed(l_a, 3)}, α L_a ${fixed(weighted, 3)}.`,
        numbers,
      };
    },
  };
}
