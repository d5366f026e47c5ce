import assert from "node:assert/strict";
import { test } from "node:test";

import { asBase64, paintOn } from "../../../../carekit/course/explorers/static/ink/paint.js";

const SIZE = 8;
const WHITE = new Uint8Array(3 * SIZE * SIZE).fill(255);
const INK = [77, 41, 128].map((value) => Math.round(255 + 0.85 * (value - 255)));

/** The pixels of the first channel that differ from white, as [x, y]. */
function changed(pixels) {
  const found = [];
  for (let i = 0; i < SIZE * SIZE; i++) if (pixels[3 * i] !== 255) found.push([i % SIZE, Math.floor(i / SIZE)]);
  return found;
}

test("a line covers what lies within its width, and no pixel of the base is changed", () => {
  const line = { erase: false, width: 1, points: [1.5, 2.5, 5.5, 2.5] };
  const pixels = paintOn(WHITE, WHITE, SIZE, [line]);
  assert.deepEqual(changed(pixels), [[1, 2], [2, 2], [3, 2], [4, 2], [5, 2]]);
  assert.deepEqual([...pixels.subarray(3 * (2 * SIZE + 3), 3 * (2 * SIZE + 3) + 3)], INK);
  assert.ok(WHITE.every((value) => value === 255));
});

test("a dot is a disc, also where it hangs over the border", () => {
  for (const [x, y] of [[4, 4], [0, 7.5], [8, 8]]) {
    const pixels = paintOn(WHITE, WHITE, SIZE, [{ erase: false, width: 5, points: [x, y] }]);
    const expected = [];
    for (let j = 0; j < SIZE; j++) {
      for (let i = 0; i < SIZE; i++) if (Math.hypot(i + 0.5 - x, j + 0.5 - y) < 3) expected.push([i, j]);
    }
    assert.deepEqual(changed(pixels), expected);
  }
});

test("the eraser brings back the clean image, and strokes count in their order", () => {
  const marked = new Uint8Array(WHITE).fill(0);
  const all = { width: 40, points: [4, 4] };
  assert.deepEqual(paintOn(marked, WHITE, SIZE, [{ ...all, erase: true }]), WHITE);
  const both = paintOn(marked, WHITE, SIZE, [{ ...all, erase: true }, { ...all, erase: false }]);
  assert.deepEqual([...both.subarray(0, 3)], INK);
});

test("bytes become base64, also many of them", () => {
  const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i % 256);
  assert.deepEqual(new Uint8Array(Buffer.from(asBase64(bytes), "base64")), bytes);
});
