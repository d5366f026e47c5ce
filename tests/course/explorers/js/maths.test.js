import assert from "node:assert/strict";
import { test } from "node:test";

import { attentionLoss } from "../../../../carekit/course/explorers/static/attention_loss/numbers.js";
import { fill } from "../../../../carekit/course/explorers/static/captions.js";
import * as imbalance from "../../../../carekit/course/explorers/static/imbalance/numbers.js";
import * as maths from "../../../../carekit/course/explorers/static/maths.js";
import { assertClose, numbers } from "./numbers.js";

test("boxes are scaled around their centres, and cut at the image", () => {
  for (const { boxes, size, factor, scaled } of numbers.boxes) {
    assertClose(maths.scaleBoxes(boxes, factor, size), scaled, `${JSON.stringify(boxes)} times ${factor}`);
  }
});

test("pixels whose centre lies in a box are inside", () => {
  for (const { scaled, size, m_in } of numbers.boxes) {
    assert.deepEqual(Array.from(maths.rasterise(scaled, size)), m_in, JSON.stringify(scaled));
  }
});

test("distances are those to the nearest inside pixel", () => {
  for (const { size, m_in, m_out } of numbers.boxes) {
    if (m_out) assertClose(maths.distanceOutside(Uint8Array.from(m_in), size), m_out, JSON.stringify(m_in));
  }
});

test("maps are normalised and enlarged, constant ones to zeros", () => {
  for (const { map, u, v, size, normalised, large, constant } of numbers.maps) {
    const found = maths.normalise(Float64Array.from(map));
    assertClose(found, normalised, "normalised");
    assertClose(maths.upsample(found, u, v, size), large, "enlarged");
    assert.equal(maths.isConstant(Float64Array.from(map)), constant);
  }
});

test("correlations are Pearson's, and NaN with a constant map", () => {
  for (const { a, b, correlation } of numbers.pairs) {
    assertClose(maths.correlationWith(Float64Array.from(a))(Float64Array.from(b)), correlation, "correlation");
  }
});

test("probabilities of large logits too", () => {
  for (const { logits, probabilities } of numbers.logits) assertClose(maths.softmax(logits), probabilities, "softmax");
});

test("the attention loss is that of the objective", () => {
  for (const { large, m_in, parameters, losses } of numbers.losses) {
    assertClose(attentionLoss(Float64Array.from(large), Uint8Array.from(m_in), parameters), losses, "losses");
  }
});

test("sizes and weights of classes that are out of balance", () => {
  for (const { ratio, count, largest, sizes, weights } of numbers.imbalance) {
    const found = imbalance.imbalance(ratio, count, largest);
    assertClose(found, sizes, `ratio ${ratio}`);
    assertClose(imbalance.classWeights(found), weights, `weights at ratio ${ratio}`);
  }
});

test("a template makes the same sentence here and in Python", () => {
  for (const { template, values, sentence } of numbers.captions) {
    const withNan = Object.fromEntries(Object.entries(values).map(([name, value]) =>
      [name, value === null && name === "share" ? NaN : value]));
    assert.equal(fill(template, withNan), sentence);
  }
});

test("a mean without weights is 0, and NaN is not the largest", () => {
  assert.equal(maths.weightedMean([1, 2], [0, 0]), 0);
  assert.equal(maths.largest([NaN, 0.25, NaN, 0.5]), 0.5);
});
