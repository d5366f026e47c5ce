// @ts-check
// carekit.course.explorers.captions: the sentence below an explorer, out of the template that Python sends.

import { orUnknown } from "./words.js";

/** @typedef {Record<string, unknown>} Values */

const SECTION = /\{\?(\w+)(?: ([<>]) ([\w.]+))?\}((?:(?!\{[?/:]).)*)(?:\{:\}((?:(?!\{[?/:]).)*))?\{\/\}/;
const FIELD = /\{(\w+)(?::\.(\d)f)?\}/g;

/**
 * The sentence of some values: {name}, {name:.3f}, {?name}there{:}not there{/}, {?name < other}so{:}not so{/}.
 * @param {string} template
 * @param {Values} values
 */
export function fill(template, values) {
  let text = template;
  // From the inside out: a section goes when all that are in it are gone.
  for (let section = SECTION.exec(text); section; section = SECTION.exec(text)) {
    const [whole, name, sign, other, yes, no = ""] = section;
    const chosen = holds(values, name, sign, other) ? yes : no;
    text = text.slice(0, section.index) + chosen + text.slice(section.index + whole.length);
  }
  return text.replace(FIELD, (_, name, digits) =>
    digits === undefined ? String(values[name]) : orUnknown(Number(values[name]), Number(digits)));
}

/**
 * @param {Values} values
 * @param {string} name
 * @param {string | undefined} sign
 * @param {string} other a name, or a number
 */
function holds(values, name, sign, other) {
  const value = values[name];
  if (value === undefined || value === null || value === false || Number.isNaN(value)) return false;
  if (!sign) return true;
  const limit = Number(values[other] ?? other);
  return sign === "<" ? Number(value) < limit : Number(value) > limit;
}
