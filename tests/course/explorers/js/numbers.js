// What tests/course/explorers/test_maths.py wrote: inputs, and what Python makes of them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

export const numbers = JSON.parse(readFileSync(process.env.CAREKIT_NUMBERS, "utf8"));

/** A number, or numbers, as close as 32 bits are; null stands for NaN. */
export function assertClose(found, expected, about = "") {
  if (expected === null) assert.ok(Number.isNaN(found), `${about}: ${found} is a number`);
  else if (typeof expected === "number") {
    const near = Math.abs(found - expected) <= 1e-5 * Math.max(1, Math.abs(expected));
    assert.ok(near, `${about}: ${found}, not ${expected}`);
  } else {
    const [these, those] = [Object.entries(found), Object.entries(expected)];
    assert.equal(these.length, those.length, `${about}: as many`);
    for (const [name, value] of those) assertClose(found[name], value, `${about} ${name}`);
  }
}
