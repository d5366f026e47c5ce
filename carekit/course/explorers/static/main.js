// @ts-check
// carekit/course/explorers/browser.py joins the files that this one imports, and those that they import, ...

import { Frame } from "./frame.js";
import { VIEWS } from "./views.js";

/**
 * Draw an explorer into an element, as anywidget asks for it; returns how to end it.
 * @param {{ model: import("./kernel.js").Model, el: HTMLElement & { carekit?: Frame } }} place
 */
export function render({ model, el }) {
  const frame = new Frame(model, el, VIEWS);
  el.carekit = frame;
  return () => frame.close();
}
