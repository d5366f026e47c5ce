import assert from "node:assert/strict";
import { test } from "node:test";

import * as cam from "../../../../carekit/course/explorers/static/cam/numbers.js";
import { assertClose, numbers } from "./numbers.js";

const { scene, items, cases, formulas } = numbers.cam;

test("the same methods are sums of channels here and in Python", () => {
  assert.deepEqual(Object.keys(cam.FORMULAS), formulas);
});

test("maps, channels and their sums are Python's", () => {
  const [linear] = cam.itemsOf(items, scene);
  const [other] = cam.itemsOf({ ...items, own: numbers.cam.own }, { ...scene, weights: null });
  for (const [head, item] of [["a linear head", linear], ["another head", other]]) {
    for (const { index, method, channels, expected, large } of cases) {
      const about = `${head}, class ${index}, ${method}, ${channels} channels`;
      const read = cam.readMap(item, index, method, scene);
      const { above, ...found } = cam.numbersOf(read, item, index, 0.5, channels);
      assert.ok(above > 0 && above < 1, about);
      assertClose(found, expected, about);
      assertClose(read.part(channels), large, `${about}, enlarged`);
    }
  }
});

test("a map that is not a sum of channels has none", () => {
  const [item] = cam.itemsOf(items, scene);
  assert.equal(cam.readMap(item, 0, "toy", scene).channels, null);
});
