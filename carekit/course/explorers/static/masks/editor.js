// @ts-check
// Boxes on a picture, moved, resized and drawn by mouse, pen or finger.

/** @typedef {import("../maths.js").Box} Box */
/** @typedef {[number, number]} Place x, y in pixels of the image */
/** @typedef {-1 | 0 | 1} Edge of an axis: the low one, none (between them), the high one */
/** @typedef {{ box: number, edges: [Edge, Edge] }} Hit */

const REACH = { mouse: 8, touch: 20 }; // pixels of the screen from an edge
const HANDLE = 5; // pixels of the screen, half of a handle's side

export class BoxEditor {
  /**
   * @param {import("../picture.js").Picture} picture
   * @param {import("./store.js").BoxStore} store
   */
  constructor(picture, store) {
    this.picture = picture;
    this.store = store;
    this.chosen = -1;
    this.image = -1;
    /** @type {{ start: Place, before: Box[], hit: Hit | null } | null} */
    this.drag = null;
    this.done = () => {}; // what follows when a pointer has left the picture
    const { canvas } = picture;
    canvas.classList.add("ck-drawn-on");
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", () => this.up());
    canvas.addEventListener("pointercancel", () => this.cancel());
  }

  /**
   * A pointer's place.
   * @param {PointerEvent} event
   * @returns {Place}
   */
  at(event) {
    const sides = this.picture.canvas.getBoundingClientRect();
    const k = this.picture.size / sides.width;
    return [(event.clientX - sides.left) * k, (event.clientY - sides.top) * k];
  }

  /**
   * What a place is at: the chosen box's edges come first, then the smallest box. null beside all boxes.
   * @param {Place} place
   * @param {number} reach
   * @returns {Hit | null}
   */
  hit([x, y], reach) {
    /** @type {(Hit & { area: number })[]} */
    const found = [];
    this.store.now.forEach(([x0, y0, x1, y1], box) => {
      const ex = edgeAt(x, x0, x1, reach);
      const ey = edgeAt(y, y0, y1, reach);
      if (ex !== null && ey !== null) found.push({ box, edges: [ex, ey], area: (x1 - x0) * (y1 - y0) });
    });
    const first = found.find(({ box, edges }) => box === this.chosen && edges.some((edge) => edge));
    return first ?? found.sort((a, b) => a.area - b.area)[0] ?? null;
  }

  /**
   * How far from an edge a pointer still takes it, in pixels of the image.
   * @param {PointerEvent} event
   */
  reach(event) {
    const { size, canvas } = this.picture;
    const pixels = event.pointerType === "touch" ? REACH.touch : REACH.mouse;
    return (pixels * size) / canvas.getBoundingClientRect().width;
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (this.drag || event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    this.picture.canvas.setPointerCapture(event.pointerId);
    const start = this.at(event);
    const hit = this.hit(start, this.reach(event));
    this.drag = { start, before: this.store.now, hit };
    this.choose(hit ? hit.box : -1);
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (!event.isPrimary) return;
    const place = this.at(event);
    if (this.drag) this.follow(place);
    else this.picture.canvas.style.cursor = cursorOf(this.hit(place, this.reach(event)));
  }

  /** @param {Place} place */
  follow(place) {
    if (!this.drag) return;
    const { start, before, hit } = this.drag;
    if (!hit) {
      this.draw(place);
      return;
    }
    const { box, edges } = hit;
    if (edges.some((edge) => edge)) this.put(box, this.stretched(before[box], edges, rounded(place)), before);
    else this.put(box, this.shifted(before[box], rounded([place[0] - start[0], place[1] - start[1]])), before);
  }

  /** @param {Place} place */
  draw([x, y]) {
    if (!this.drag) return;
    const { start, before } = this.drag;
    const { size } = this.picture;
    const [ax, ay, bx, by] = [start[0], start[1], x, y].map((value) => Math.min(Math.max(Math.round(value), 0), size));
    /** @type {Box} */
    const drawn = [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)];
    const empty = drawn[2] === drawn[0] || drawn[3] === drawn[1];
    this.chosen = empty ? -1 : before.length;
    this.store.set(empty ? before : [...before, drawn], false);
  }

  /**
   * A box moved by a way, but not out of the image.
   * @param {Box} box
   * @param {Place} way
   * @returns {Box}
   */
  shifted([x0, y0, x1, y1], [dx, dy]) {
    const { size } = this.picture;
    const mx = Math.min(Math.max(dx, -x0), size - x1);
    const my = Math.min(Math.max(dy, -y0), size - y1);
    return [x0 + mx, y0 + my, x1 + mx, y1 + my];
  }

  /**
   * A box whose edges went to a place, but stay in the image, and a pixel from the other side.
   * @param {Box} box
   * @param {[Edge, Edge]} edges
   * @param {Place} place
   * @returns {Box}
   */
  stretched(box, edges, place) {
    const { size } = this.picture;
    /** @type {Box} */
    const made = [...box];
    edges.forEach((edge, axis) => {
      if (edge < 0) made[axis] = Math.max(Math.min(place[axis], made[axis + 2] - 1), 0);
      if (edge > 0) made[axis + 2] = Math.min(Math.max(place[axis], made[axis] + 1), size);
    });
    return made;
  }

  /**
   * @param {number} box
   * @param {Box} made
   * @param {Box[]} before
   */
  put(box, made, before) {
    this.store.set(before.map((each, i) => (i === box ? made : each)), false);
  }

  /**
   * By keys: move the chosen box, or its right and lower edge.
   * @param {Place} by
   * @param {boolean} resize
   */
  nudge(by, resize) {
    const box = this.store.now[this.chosen];
    const [dx, dy] = by;
    const made = resize
      ? this.stretched(box, [dx ? 1 : 0, dy ? 1 : 0], [box[2] + dx, box[3] + dy])
      : this.shifted(box, by);
    this.put(this.chosen, made, this.store.now);
  }

  up() {
    if (!this.drag) return;
    this.store.set(this.store.now, true);
    this.drag = null;
    this.done();
  }

  cancel() {
    if (this.drag) this.store.set(this.drag.before, true);
    this.drag = null;
  }

  /** @param {number} box */
  choose(box) {
    this.chosen = box;
    this.store.frame.paint();
  }

  /**
   * @param {import("../picture.js").Shown} shown
   * @param {Box[]} scaled
   * @param {number} scale
   */
  show(shown, scaled, scale) {
    const { picture, store } = this;
    if (this.image !== store.image || this.chosen >= store.now.length) this.chosen = -1;
    this.image = store.image;
    picture.show(shown);
    picture.outlines(scaled, scale === 1 ? this.chosen : -1);
    if (scale !== 1) {
      picture.context.setLineDash([8, 6]);
      picture.outlines(store.now, this.chosen);
      picture.context.setLineDash([]);
    }
    if (this.chosen >= 0) this.handles(store.now[this.chosen]);
  }

  /** @param {Box} box */
  handles(box) {
    const { context, canvas, scale } = this.picture;
    const half = (HANDLE * canvas.width) / (canvas.clientWidth || canvas.width);
    const [x0, y0, x1, y1] = box.map((value) => value * scale);
    for (const x of [x0, (x0 + x1) / 2, x1]) {
      for (const y of [y0, (y0 + y1) / 2, y1]) {
        if (x === (x0 + x1) / 2 && y === (y0 + y1) / 2) continue;
        context.fillStyle = "#000";
        context.fillRect(x - half - 1.5, y - half - 1.5, 2 * half + 3, 2 * half + 3);
        context.fillStyle = "#fff";
        context.fillRect(x - half, y - half, 2 * half, 2 * half);
      }
    }
  }
}

/**
 * The edge that a value is at; null beside the box. The middle of a small box is left, to move it by.
 * @param {number} value
 * @param {number} low
 * @param {number} high
 * @param {number} reach
 * @returns {Edge | null}
 */
function edgeAt(value, low, high, reach) {
  const within = Math.min(reach, 0.3 * (high - low));
  if (value >= low - reach && value <= low + within) return -1;
  if (value <= high + reach && value >= high - within) return 1;
  return value > low && value < high ? 0 : null;
}

/** @param {Hit | null} hit */
function cursorOf(hit) {
  if (!hit) return "crosshair";
  const [ex, ey] = hit.edges;
  if (!ex && !ey) return "move";
  if (!ex) return "ns-resize";
  if (!ey) return "ew-resize";
  return ex === ey ? "nwse-resize" : "nesw-resize";
}

/**
 * @param {Place} place
 * @returns {Place}
 */
function rounded([x, y]) {
  return [Math.round(x), Math.round(y)];
}
