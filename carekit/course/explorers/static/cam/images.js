// @ts-check
// Where the images come from: sent with the page, or asked from the kernel and kept for a while.

import { itemsOf } from "./numbers.js";

/** @typedef {import("./numbers.js").Item} Item */
/** @typedef {import("./numbers.js").Scene & import("./numbers.js").Items & { sent: number }} Scene */

const KEPT = 40; // images of the kernel that are kept

/**
 * Finds an image, or asks for it, and takes the answer.
 * @param {import("../frame.js").Frame} frame
 */
export function imageSource(frame) {
  /** @type {Scene} */
  const scene = frame.scene;
  const sent = itemsOf(scene, scene);
  /** @type {Map<number, Item>} */
  const kept = new Map();
  return {
    /** @param {import("../kernel.js").Answer} answer */
    receive: (answer) => {
      if (kept.size > KEPT) kept.delete([...kept.keys()][0]);
      kept.set(answer.image, itemsOf(/** @type {any} */ (answer), scene)[0]);
    },
    /** @param {number} image */
    find: (image) => {
      const item = sent[image] ?? kept.get(image);
      if (item) return item;
      if (frame.kernel.alone) {
        const last = scene.sent - 1;
        throw new Error(`Images 0 to ${last} are on this page; for image ${image} open the notebook and run it.`);
      }
      if (frame.kernel.latest?.image !== image) frame.kernel.ask({ image });
      return null;
    },
  };
}
