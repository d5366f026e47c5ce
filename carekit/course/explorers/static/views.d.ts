// views.js is no file: carekit/course/explorers/browser.py writes it, from the folders of static/ that have a view.js.

/** How each explorer is drawn, by its folder. */
export const VIEWS: Record<string, (frame: import("./frame.js").Frame) => import("./frame.js").View>;
