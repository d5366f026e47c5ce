// What all explorers share: arrays, pictures, charts, controls, words, and the way to a kernel if there is one.
// The files of this folder are joined into one ES module by carekit/explorers/frame.py.

const VIEWS = {}; // name -> (frame) => (values) => { words, numbers }

function decode(array) {
  if (array === null || array === undefined) return null;
  const text = atob(array.data);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const Type = { uint8: Uint8Array, float32: Float32Array, int32: Int32Array }[array.dtype];
  return { shape: array.shape, data: new Type(bytes.buffer) };
}

// Row i of an array along its first axis, as a view.
function row(array, i) {
  const length = array.shape.slice(1).reduce((a, b) => a * b, 1);
  return array.data.subarray(i * length, (i + 1) * length);
}

// ---- the mathematics of carekit.boxes, carekit.cam and carekit.attention ----

function scaleBoxes(boxes, factor, size) {
  const clip = (value) => Math.min(Math.max(value, 0), size);
  return boxes.map(([x0, y0, x1, y1]) => {
    const cx = (x0 + x1) / 2, cy = (y0 + y1) / 2;
    const hx = ((x1 - x0) / 2) * factor, hy = ((y1 - y0) / 2) * factor;
    return [clip(cx - hx), clip(cy - hy), clip(cx + hx), clip(cy + hy)];
  });
}

// carekit.boxes.rasterise: pixels whose centre lies in any box; a box covers at least one.
function rasterise(boxes, size) {
  const covered = (low, high) => {
    let first = Math.ceil(low - 0.5), last = Math.ceil(high - 0.5);
    if (last <= first) {
      first = Math.min(Math.trunc((low + high) / 2), size - 1);
      last = first + 1;
    }
    return [Math.max(first, 0), Math.min(last, size)];
  };
  const mask = new Uint8Array(size * size);
  for (const [x0, y0, x1, y1] of boxes) {
    const [top, bottom] = covered(y0, y1), [left, right] = covered(x0, x1);
    for (let i = top; i < bottom; i++) mask.fill(1, i * size + left, i * size + right);
  }
  return mask;
}

// carekit.boxes.outer_mask by "distance": to the nearest inside pixel, in units of the diagonal (exact: two scans down
// and up each column, then the lower envelope of parabolas along each row).
function distanceOutside(mask, size) {
  const distance = new Float64Array(size * size), centre = new Int32Array(size), edge = new Float64Array(size + 1);
  for (let x = 0; x < size; x++) {
    let gap = 1e6;
    for (let i = x; i < mask.length; i += size) distance[i] = gap = mask[i] ? 0 : gap + 1;
    for (let i = mask.length - size + x; i >= 0; i -= size) {
      gap = Math.min(gap + 1, distance[i]);
      distance[i] = gap * gap;
    }
  }
  const line = new Float64Array(size), diagonal = Math.hypot(size, size);
  for (let start = 0; start < mask.length; start += size) {
    line.set(distance.subarray(start, start + size));
    const meet = (p, q) => (line[q] + q * q - line[p] - p * p) / (2 * (q - p));
    let k = 0;
    centre[0] = 0; edge[0] = -Infinity; edge[1] = Infinity;
    for (let q = 1; q < size; q++) {
      let s = meet(centre[k], q);
      while (s <= edge[k]) s = meet(centre[--k], q);
      centre[++k] = q; edge[k] = s; edge[k + 1] = Infinity;
    }
    k = 0;
    for (let q = 0; q < size; q++) {
      while (edge[k + 1] < q) k++;
      distance[start + q] = Math.sqrt((q - centre[k]) ** 2 + line[centre[k]]) / diagonal;
    }
  }
  return distance;
}

// carekit.cam.normalise of one map.
function normalise(map) {
  let low = Infinity, high = -Infinity, largest = 0;
  for (const value of map) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    largest = Math.max(largest, Math.abs(value));
  }
  const span = high - low;
  return Float64Array.from(map, (value) => (span <= 1e-6 * largest ? 0 : (value - low) / span));
}

// carekit.cam.resize: bilinear, half-pixel centres, clamped at the border.
function upsample(map, u, v, size) {
  const places = (n) => {
    const found = [];
    for (let i = 0; i < size; i++) {
      const at = Math.max(((i + 0.5) * n) / size - 0.5, 0), low = Math.floor(at);
      found.push([low, Math.min(low + 1, n - 1), at - low]);
    }
    return found;
  };
  const rows = places(u), columns = places(v), large = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const [top, bottom, down] = rows[i];
    for (let j = 0; j < size; j++) {
      const [left, right, across] = columns[j];
      const above = map[top * v + left] * (1 - across) + map[top * v + right] * across;
      const below = map[bottom * v + left] * (1 - across) + map[bottom * v + right] * across;
      large[i * size + j] = above * (1 - down) + below * down;
    }
  }
  return large;
}

function weightedMean(values, weights) {
  let sum = 0, total = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i] * weights[i];
    total += weights[i];
  }
  return total > 0 ? sum / total : 0;
}

// ---- elements ----

function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "path", "line", "circle", "rect", "text", "g", "polyline", "polygon", "title"].includes(tag);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// A picture of `size` pixels a side, enlarged; `show` paints image, heat and boxes, and says what it shows.
class Picture {
  constructor(caption, size) {
    this.size = size;
    this.scale = Math.max(1, Math.ceil(288 / size));
    this.canvas = make("canvas", { width: size * this.scale, height: size * this.scale, role: "img" });
    this.canvas.setAttribute("aria-label", caption);
    this.caption = make("figcaption", {}, caption);
    this.element = make("figure", { class: "ck-picture" }, this.canvas, this.caption);
    this.context = this.canvas.getContext("2d");
    this.small = make("canvas", { width: size, height: size });
    this.pixels = this.small.getContext("2d", { willReadFrequently: true });
    this.buffer = this.pixels.createImageData(size, size);
  }

  // image: uint8 RGB or null. paint(i) -> [r, g, b, opacity] laid over pixel i, or null. grey: image without colour.
  // key: all that decides the pixels, in a word; while it stays, they are not computed anew.
  show({ image = null, grey = false, paint = null, smooth = true, boxes = [], contour = null, text = "", key = null }) {
    if (key === null || key !== this.key) this.fill(image, grey, paint);
    this.key = key;
    this.context.imageSmoothingEnabled = smooth;
    this.context.drawImage(this.small, 0, 0, this.canvas.width, this.canvas.height);
    if (contour) this.contour(contour.values, contour.level);
    this.outlines(boxes);
    if (text) this.canvas.setAttribute("aria-label", text);
  }

  fill(image, grey, paint) {
    const out = this.buffer.data, n = this.size * this.size;
    for (let i = 0; i < n; i++) {
      let r = 0, g = 0, b = 0;
      if (image) {
        r = image[3 * i]; g = image[3 * i + 1]; b = image[3 * i + 2];
        if (grey) r = g = b = (r + g + b) / 3;
      }
      const over = paint ? paint(i) : null;
      if (over) {
        const a = over[3];
        r += a * (over[0] - r); g += a * (over[1] - g); b += a * (over[2] - b);
      }
      out[4 * i] = r; out[4 * i + 1] = g; out[4 * i + 2] = b; out[4 * i + 3] = 255;
    }
    this.pixels.putImageData(this.buffer, 0, 0);
  }

  outlines(boxes, chosen = -1) {
    boxes.forEach(([x0, y0, x1, y1], i) => {
      const k = this.scale, sides = [x0 * k, y0 * k, (x1 - x0) * k, (y1 - y0) * k];
      for (const [colour, width] of [["#000", i === chosen ? 6 : 4], ["#fff", i === chosen ? 3 : 2]]) {
        this.context.strokeStyle = colour;
        this.context.lineWidth = width;
        this.context.strokeRect(...sides);
      }
    });
  }

  // The border of values >= level, drawn between pixels.
  contour(values, level) {
    const s = this.size, k = this.scale, path = new Path2D();
    const inside = (i, j) => i >= 0 && j >= 0 && i < s && j < s && values[i * s + j] >= level;
    for (let i = 0; i <= s; i++) {
      for (let j = 0; j <= s; j++) {
        if (inside(i, j) !== inside(i - 1, j)) { path.moveTo(j * k, i * k); path.lineTo((j + 1) * k, i * k); }
        if (inside(i, j) !== inside(i, j - 1)) { path.moveTo(j * k, i * k); path.lineTo(j * k, (i + 1) * k); }
      }
    }
    for (const [colour, width] of [["#000", 4], ["#fff", 1.5]]) {
      this.context.strokeStyle = colour;
      this.context.lineWidth = width;
      this.context.stroke(path);
    }
  }
}

// Axes in SVG with named lines, points, bands and bars; x and y are [low, high].
class Chart {
  constructor(caption, { x, y, xlabel = "", ylabel = "", width = 320, height = 240, ticks = null }) {
    Object.assign(this, { x, y, width, height, left: 52, bottom: 40, top: 10, right: 12, marks: {} });
    this.svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: width > 400 ? "ck-chart ck-wide" : "ck-chart" });
    this.caption = make("figcaption", {}, caption);
    this.element = make("figure", { class: "ck-picture" }, this.svg, this.caption);
    this.svg.setAttribute("aria-label", caption);
    this.axes = make("g", { class: "ck-axes" });
    this.layer = make("g", {});
    this.svg.append(this.axes, this.layer);
    this.labels = { xlabel, ylabel, ticks };
    this.frame();
  }

  frame() {
    const { width, height, left, bottom, top, right } = this, [x, y] = [this.x, this.y];
    this.axes.replaceChildren(
      make("line", { x1: left, y1: height - bottom, x2: width - right, y2: height - bottom }),
      make("line", { x1: left, y1: top, x2: left, y2: height - bottom }),
      make("text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, this.labels.xlabel),
      make("text", { x: 12, y: height / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${height / 2})` },
        this.labels.ylabel),
    );
    for (const value of this.labels.ticks?.x ?? [x[0], (x[0] + x[1]) / 2, x[1]]) {
      this.axes.append(make("text", { x: this.px(value), y: height - bottom + 15, "text-anchor": "middle" }, nice(value)));
    }
    for (const value of this.labels.ticks?.y ?? [y[0], (y[0] + y[1]) / 2, y[1]]) {
      this.axes.append(make("text", { x: left - 6, y: this.py(value) + 4, "text-anchor": "end" }, nice(value)));
    }
  }

  px(value) {
    const { width, left, right, x } = this;
    return left + ((value - x[0]) / (x[1] - x[0] || 1)) * (width - left - right);
  }

  py(value) {
    const { height, bottom, top, y } = this;
    return height - bottom - ((value - y[0]) / (y[1] - y[0] || 1)) * (height - bottom - top);
  }

  put(name, tag, attributes, ...children) {
    const mark = this.marks[name];
    if (mark) {
      for (const [key, value] of Object.entries(attributes)) mark.setAttribute(key, value);
      if (children.length) mark.replaceChildren(...children);
    } else {
      this.marks[name] = make(tag, attributes, ...children);
      this.layer.append(this.marks[name]);
    }
    return this.marks[name];
  }

  line(name, points, { colour = "currentColor", dash = "" } = {}) {
    const text = points.map(([x, y]) => `${this.px(x).toFixed(1)},${this.py(y).toFixed(1)}`).join(" ");
    return this.put(name, "polyline", { points: text, stroke: colour, fill: "none", "stroke-width": 2, "stroke-dasharray": dash });
  }

  dot(name, x, y, { colour = COLOURS[1], radius = 6 } = {}) {
    return this.put(name, "circle", { cx: this.px(x), cy: this.py(y), r: radius, fill: colour, stroke: "#fff" });
  }

  say(text) {
    this.svg.setAttribute("aria-label", text);
  }
}

function nice(value) {
  return Math.abs(value) >= 1000 ? value.toLocaleString("en") : String(Math.round(value * 1000) / 1000);
}

function fixed(value, digits = 2) {
  return value.toFixed(digits).replace("-", "\u2212");
}

// ---- the frame around a view ----

class Frame {
  constructor(model, element) {
    Object.assign(this, { model, ...model.get("state") });
    this.values = { ...this.defaults, ...model.get("values") };
    this.alone = typeof model.send !== "function";
    this.guessed = null;
    this.id = Math.random().toString(36).slice(2); // views of one model hear each other's answers
    this.count = 0;
    this.inputs = {};
    this.build(element);
    this.clean = [];
    this.listen("change:values", () => this.adopt(model.get("values")));
    this.listen("msg:custom", (answer) => this.answered(answer));
    try {
      this.draw = VIEWS[this.view](this);
      this.paint();
    } catch (error) {
      this.complain(error);
    }
  }

  listen(event, callback) {
    if (this.alone) return;
    this.model.on(event, callback);
    this.clean.push(() => this.model.off(event, callback));
  }

  build(element) {
    this.stage = make("div", { class: "ck-stage" });
    this.panel = make("div", { class: "ck-controls" });
    this.status = make("p", { class: "ck-words" });
    this.live = make("p", { class: "ck-hidden", role: "status", "aria-live": "polite" });
    this.alarm = make("p", { class: "ck-alarm", role: "alert", hidden: "" });
    this.asks = this.askGuess();
    this.root = make("div", { class: "ck-explorer", role: "group", "aria-label": this.title },
      this.tools(), this.panel, this.asks, this.stage, this.status, this.live, this.alarm);
    // The shortcuts of JupyterLab and Notebook 7 leave alone what carries this mark itself; other hosts listen further out.
    this.root.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
    this.root.addEventListener("keydown", (event) => event.stopPropagation());
    for (const control of this.controls) this.panel.append(this.control(control));
    element.replaceChildren(this.root);
  }

  tools() {
    const bar = make("div", { class: "ck-tools" });
    const button = (text, act, label) => {
      const made = make("button", { type: "button", "aria-label": label }, text);
      made.addEventListener("click", act);
      bar.append(made);
      return made;
    };
    this.presetButtons = this.presets.map(([name, values]) => button(name, () => this.set(values, true)));
    button("Reset", () => this.set(this.defaults, true), "Reset all controls");
    const copy = button("Copy parameters", async () => {
      const line = this.parameters();
      try {
        await navigator.clipboard.writeText(line);
        this.announce(`Copied: ${line}`);
      } catch {
        this.announce(`Copy this line: ${line}`);
      }
      this.line.hidden = false;
      this.line.textContent = line;
    });
    copy.classList.add("ck-copy");
    this.copy = copy;
    const box = make("input", { type: "checkbox" });
    box.addEventListener("change", () => { this.predict = box.checked; this.guessed = null; this.paint(); });
    if (this.guess) bar.append(make("label", { class: "ck-switch" }, box, " Predict first"));
    this.line = make("code", { class: "ck-line", hidden: "" });
    bar.append(this.line);
    return bar;
  }

  // The values as a line for papermill.
  parameters() {
    const own = this.controls.filter((control) => control.parameter);
    return own.map((control) => `-p ${control.parameter} ${this.values[control.name]}`).join(" ");
  }

  askGuess() {
    const input = make("input", { type: "number", step: "any", "aria-label": `Your guess of ${this.guess?.label}` });
    const form = make("form", { class: "ck-guess", hidden: "" },
      make("label", {}, `What will ${this.guess?.label} be? `, input), make("button", { type: "submit" }, "Look"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (input.value === "") return;
      this.guessed = Number(input.value);
      this.paint();
    });
    return form;
  }

  control(control) {
    const id = `ck-${Math.random().toString(36).slice(2)}`;
    const output = make("output", { for: id, class: "ck-value", "aria-live": "off" }); // aria-valuetext says it
    let input;
    if (control.choices) {
      input = make("select", { id }, ...control.choices.map((each) => make("option", { value: each }, each)));
    } else if (control.toggle) {
      input = make("input", { id, type: "checkbox" });
    } else {
      const { low, high, step } = control;
      input = make("input", { id, type: "range", min: low, max: high, step });
    }
    const read = () => {
      if (control.choices) return input.value;
      return control.toggle ? input.checked : Number(input.value);
    };
    input.addEventListener("input", () => this.set({ [control.name]: read() }, false));
    input.addEventListener("change", () => this.set({ [control.name]: read() }, true));
    this.inputs[control.name] = { input, output, control };
    this.reflect(control.name);
    return make("div", { class: "ck-control" }, make("label", { for: id }, control.label), input, output);
  }

  reflect(name) {
    const entry = this.inputs[name];
    if (!entry) return;
    const { input, output, control } = entry, value = this.values[name];
    if (control.toggle) input.checked = value;
    else input.value = value;
    if (typeof value === "number") {
      const digits = (String(control.step).split(".")[1] ?? "").length;
      output.textContent = value.toFixed(digits);
      input.setAttribute("aria-valuetext", `${control.label} ${value.toFixed(digits)}`);
    }
  }

  // New values; with `settled` the kernel is told, which a finger on a slider does not need for each step.
  set(values, settled) {
    this.adopt(values);
    if (settled && !this.alone) {
      this.model.set("values", { ...this.values });
      this.model.save_changes();
    }
  }

  // A guess is of what was to be seen then; `same` says that it still is.
  adopt(values, same = false) {
    const other = ([name, value]) => name !== "saved" && JSON.stringify(value) !== JSON.stringify(this.values[name]);
    if (!same && Object.entries(values).some(other)) this.guessed = null;
    Object.assign(this.values, values);
    Object.keys(values).forEach((name) => this.reflect(name));
    this.paint();
  }

  paint() {
    if (this.waiting || !this.draw) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      try {
        this.check();
        const { words, numbers } = this.draw(this.values), line = this.parameters();
        this.numbers = numbers;
        this.copy.hidden = line === "";
        this.line.hidden ||= line === "";
        this.line.textContent = line;
        this.tell(words);
        this.alarm.hidden = true;
      } catch (error) {
        this.complain(error);
      }
    });
  }

  // Values may also come from Python.
  check() {
    for (const { name, label, low, high, choices } of this.controls) {
      const value = this.values[name];
      if (choices ? choices.includes(value) : low === undefined || (value >= low && value <= high)) continue;
      throw new Error(`${label} ${value} is not there: choose ${choices ? choices.join(", ") : `${low} to ${high}`}, or reset.`);
    }
  }

  tell(words) {
    const known = this.guess && Number.isFinite(this.numbers[this.guess.name]);
    const covered = Boolean(this.predict) && known && this.guessed === null;
    this.asks.hidden = !covered;
    this.stage.classList.toggle("ck-covered", covered);
    this.stage.inert = covered;
    if (covered) words = "Guess first; then look.";
    else if (this.predict && known) {
      const truth = this.numbers[this.guess.name], off = Math.abs(truth - this.guessed);
      words = `You guessed ${fixed(this.guessed, 3)}; it is ${fixed(truth, 3)}, ${fixed(off, 3)} away. ${words}`;
    }
    this.status.textContent = words;
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.announce(words), 400); // a screen reader cannot follow a finger
  }

  announce(words) {
    this.live.textContent = words;
  }

  // What went wrong, in this frame; the overlay of other values is taken away.
  complain(error) {
    this.alarm.hidden = false;
    this.alarm.textContent = error instanceof Error ? error.message : String(error);
    this.status.textContent = this.live.textContent = "";
    clearTimeout(this.soon);
    this.stage.classList.add("ck-covered");
  }

  // Ask the kernel; only the latest question counts, and no more than one is on its way.
  ask(question) {
    if (this.alone) throw new Error("This needs a running kernel: open the notebook.");
    this.next = question;
    if (this.asked) return;
    this.number = `${this.id} ${++this.count}`;
    this.asked = question;
    this.next = null;
    const lost = () => {
      this.asked = this.next = null;
      this.complain("The kernel does not answer: it may be busy or gone. Restart it, then run this cell again.");
    };
    clearTimeout(this.late);
    this.late = setTimeout(lost, this.patience ?? 10000);
    try {
      this.model.send({ number: this.number, ...question });
    } catch { // no connection; told after the frame that asks, which would take the words away
      clearTimeout(this.late);
      this.late = setTimeout(lost);
    }
  }

  answered(answer) {
    if (!this.asked || answer.number !== this.number) return;
    clearTimeout(this.late);
    this.asked = null;
    if (this.next) {
      this.ask(this.next);
      return;
    }
    if (answer.error) this.complain(answer.error);
    else if (this.receive) {
      this.receive(answer);
      this.paint();
    }
  }

  add(...parts) {
    parts.forEach((part) => this.stage.append(part.element ?? part));
  }
}

function render({ model, el }) {
  const frame = new Frame(model, el);
  el.carekit = frame;
  return () => {
    clearTimeout(frame.soon);
    clearTimeout(frame.late);
    frame.stop?.();
    frame.clean.forEach((undo) => undo());
  };
}
