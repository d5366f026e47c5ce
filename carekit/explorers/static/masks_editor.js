// Boxes on a picture, moved, resized and drawn by mouse, pen or finger.

class BoxEditor {
  constructor(picture, store) {
    Object.assign(this, { picture, store, chosen: -1, drag: null });
    const { canvas } = picture;
    canvas.style.touchAction = "none";
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", () => this.cancel());
  }

  // A pointer's place in pixels of the image.
  at(event) {
    const sides = this.picture.canvas.getBoundingClientRect(), k = this.picture.size / sides.width;
    return [(event.clientX - sides.left) * k, (event.clientY - sides.top) * k];
  }

  // [box, ex, ey]: which edge a place is at, -1, 0 (between) or 1 on each axis; the chosen box's edges come first,
  // then the smallest box. null beside all boxes.
  hit([x, y], reach) {
    const edge = (value, low, high) => {
      const within = Math.min(reach, 0.3 * (high - low)); // the middle of a small box is left, to move it by
      if (value >= low - reach && value <= low + within) return -1;
      if (value <= high + reach && value >= high - within) return 1;
      return value > low && value < high ? 0 : null;
    };
    const found = this.store.now
      .map(([x0, y0, x1, y1], i) => [i, edge(x, x0, x1), edge(y, y0, y1), (x1 - x0) * (y1 - y0)])
      .filter(([, ex, ey]) => ex !== null && ey !== null);
    const first = found.find(([i, ex, ey]) => i === this.chosen && (ex || ey));
    return first ?? found.sort((a, b) => a[3] - b[3])[0] ?? null;
  }

  reach(event) {
    const { size, canvas } = this.picture;
    return ((event.pointerType === "touch" ? 20 : 8) * size) / canvas.getBoundingClientRect().width;
  }

  down(event) {
    if (this.drag || event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    this.picture.canvas.setPointerCapture(event.pointerId);
    const start = this.at(event), hit = this.hit(start, this.reach(event)), before = this.store.now;
    this.drag = { start, before, box: hit ? hit[0] : -1, edges: hit ? hit.slice(1, 3) : null };
    this.choose(this.drag.box);
  }

  move(event) {
    if (!event.isPrimary) return;
    const place = this.at(event);
    if (this.drag) this.follow(place);
    else this.picture.canvas.style.cursor = this.cursor(this.hit(place, this.reach(event)));
  }

  cursor(hit) {
    if (!hit) return "crosshair";
    const [, ex, ey] = hit;
    if (!ex && !ey) return "move";
    return !ex ? "ns-resize" : !ey ? "ew-resize" : ex === ey ? "nwse-resize" : "nesw-resize";
  }

  follow([x, y]) {
    const { start, before, box, edges } = this.drag;
    if (box < 0) this.draw(x, y);
    else if (edges[0] || edges[1]) this.put(box, this.stretched(before[box], edges, [x, y].map(Math.round)), before);
    else this.put(box, this.shifted(before[box], [x - start[0], y - start[1]].map(Math.round)), before);
  }

  draw(x, y) {
    const { start, before } = this.drag, { size } = this.picture;
    const clip = (value) => Math.min(Math.max(Math.round(value), 0), size);
    const [ax, ay, bx, by] = [start[0], start[1], x, y].map(clip);
    const drawn = [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)];
    const empty = drawn[2] === drawn[0] || drawn[3] === drawn[1];
    this.chosen = empty ? -1 : before.length;
    this.store.set(empty ? before : [...before, drawn], false);
  }

  shifted([x0, y0, x1, y1], [dx, dy]) {
    const { size } = this.picture, keep = (low, high, by) => Math.min(Math.max(by, -low), size - high);
    const [mx, my] = [keep(x0, x1, dx), keep(y0, y1, dy)];
    return [x0 + mx, y0 + my, x1 + mx, y1 + my];
  }

  // The edges -1 and 1 go to a place, but stay in the image, and a pixel from the other side.
  stretched(box, edges, place) {
    const made = [...box], { size } = this.picture;
    edges.forEach((edge, axis) => {
      if (edge < 0) made[axis] = Math.max(Math.min(place[axis], made[axis + 2] - 1), 0);
      if (edge > 0) made[axis + 2] = Math.min(Math.max(place[axis], made[axis] + 1), size);
    });
    return made;
  }

  put(box, made, before) {
    this.store.set(before.map((each, i) => (i === box ? made : each)), false);
  }

  // By keys: move the chosen box, or its right and lower edge.
  nudge(by, resize) {
    const box = this.store.now[this.chosen], place = [box[2] + by[0], box[3] + by[1]];
    const made = resize ? this.stretched(box, by.map((step) => (step ? 1 : 0)), place) : this.shifted(box, by);
    this.put(this.chosen, made, this.store.now);
  }

  up() {
    if (this.drag) this.store.set(this.store.now, true);
    this.drag = null;
  }

  cancel() {
    if (this.drag) this.store.set(this.drag.before, true);
    this.drag = null;
  }

  choose(place) {
    this.chosen = place;
    this.store.frame.paint();
  }

  show(image, scaled, scale) {
    const { picture, store } = this, { context, scale: k } = picture;
    if (this.chosen >= store.now.length || this.image !== store.image) this.chosen = -1;
    if (this.image === store.image) context.drawImage(picture.small, 0, 0, picture.canvas.width, picture.canvas.height);
    else picture.show({ image });
    this.image = store.image;
    picture.outlines(scaled, scale === 1 ? this.chosen : -1);
    if (scale !== 1) {
      context.setLineDash([8, 6]);
      picture.outlines(store.now, this.chosen);
      context.setLineDash([]);
    }
    if (this.chosen >= 0) this.handles(store.now[this.chosen].map((value) => value * k));
  }

  handles([x0, y0, x1, y1]) {
    const { context, canvas } = this.picture, half = (5 * canvas.width) / (canvas.clientWidth || canvas.width);
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
