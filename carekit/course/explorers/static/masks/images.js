// @ts-check
// Images of which the kernel has more than the page.

import { decode, part } from "../arrays.js";

/**
 * The images: the first come with the page, the others are asked from the kernel.
 * @param {import("../frame.js").Frame} frame
 * @param {import("../arrays.js").Shaped} sent
 */
export function imagesOf(frame, sent) {
  /** @type {Map<number, import("../arrays.js").Numbers>} */
  const kept = new Map();
  return {
    /** @param {number} image @param {import("../arrays.js").Packed} pixels */
    keep: (image, pixels) => { kept.set(image, decode(pixels).data); },
    /** @param {number} image */
    find: (image) => {
      const count = sent.shape[0];
      if (image < count) return part(sent, image);
      const pixels = kept.get(image);
      if (pixels) return pixels;
      if (frame.kernel.alone) {
        throw new Error(`Images 0 to ${count - 1} are on this page; for image ${image} open the notebook and run it.`);
      }
      if (frame.kernel.latest?.image !== image) frame.kernel.ask({ do: "image", image });
      return null;
    },
  };
}
