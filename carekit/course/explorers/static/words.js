// @ts-check
// Numbers as words show them.

/**
 * With so many digits behind the point, and a minus sign that is as wide as a plus.
 * @param {number} value
 */
export function fixed(value, digits = 2) {
  return value.toFixed(digits).replace("-", "\u2212");
}

/**
 * As short as it goes: at most three digits behind the point, thousands grouped.
 * @param {number} value
 */
export function nice(value) {
  return Math.abs(value) >= 1000 ? value.toLocaleString("en") : String(Math.round(value * 1000) / 1000);
}

/**
 * With so many digits, or "unknown".
 * @param {number} value
 */
export function orUnknown(value, digits = 3) {
  return Number.isNaN(value) ? "unknown" : fixed(value, digits);
}

/**
 * The text with its first letter large.
 * @param {string} text
 */
export function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}
