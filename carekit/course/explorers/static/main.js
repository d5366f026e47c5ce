// @ts-check
// All explorers; carekit/course/explorers/browser.py joins the files that this one imports, and those that they import, ...

import { ablation } from "./ablation.js";
import { attention_loss } from "./attention_loss.js";
import { cam } from "./cam.js";
import { Frame } from "./frame.js";
import { imbalance } from "./imbalance.js";
import { ink } from "./ink.js";
import { masks } from "./masks.js";
import { saliency } from "./saliency.js";
import { training } from "./training.js";

const VIEWS = { ablation, attention_loss, cam, imbalance, ink, masks, saliency, training };

/**
 * Draw an explorer into an element, as anywidget asks for it; returns how to end it.
 * @param {{ model: import("./kernel.js").Model, el: HTMLElement & { carekit?: Frame } }} place
 */
export function render({ model, el }) {
  const frame = new Frame(model, el, VIEWS);
  el.carekit = frame;
  return () => frame.close();
}
