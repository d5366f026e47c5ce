// Boxes under the learner's fingers, and what they make of M_in and M_out.

const BOX_KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function boxText([x0, y0, x1, y1]) {
  return `left ${nice(x0)}, top ${nice(y0)}, ${nice(x1 - x0)} wide, ${nice(y1 - y0)} high`;
}

function maskWords({ inside, outer_sum, boxes }, name, scale, outer) {
  if (!boxes) return `${name} has no box: it takes no part in the attention loss.`;
  const share = fixed(inside, 3), plural = boxes > 1 ? "es" : "";
  const start = `${name}, ${boxes} box${plural} at scale ${fixed(scale)}: ${share} of the image`;
  if (!outer_sum) return `${start} lies inside. M_out is empty, so L_out counts as 0.`;
  return `${start} lies inside, M_out ${outer} sums to ${fixed(outer_sum, 1)}.`;
}

// The edited boxes live in the frame's values, so that Reset takes them back and every view of them agrees.
class BoxStore {
  constructor(frame) {
    this.frame = frame;
  }

  get image() {
    return this.frame.values.image;
  }

  get now() {
    return this.frame.values.boxes?.[this.image] ?? this.frame.scene.boxes[this.image];
  }

  set(boxes, settled) {
    this.frame.set({ boxes: { ...this.frame.values.boxes, [this.image]: boxes } }, settled);
  }

  // Whether the kernel has other boxes for this image.
  get unsaved() {
    const known = this.frame.values.saved?.[this.image] ?? this.frame.scene.boxes[this.image];
    return JSON.stringify(known) !== JSON.stringify(this.now);
  }

  saved(image, boxes) {
    this.frame.set({ saved: { ...this.frame.values.saved, [image]: boxes } }, true);
  }
}

// A button for each box, which the keys act on, and buttons to add, remove and save.
class BoxBar {
  constructor(frame, store, editor) {
    Object.assign(this, { frame, store, editor });
    const hint = "Drag a box, its edges or its corners; drag beside the boxes to draw one. Keys: Tab to a box, " +
      "arrows move it, Shift and arrows resize it, Insert adds one, Delete removes it.";
    const id = `ck-${Math.random().toString(36).slice(2)}`;
    Object.assign(this, { id, told: {} });
    this.list = make("span", { role: "group", "aria-label": "Boxes", style: "display: contents" });
    this.note = make("span", { id: `${id}-note`, role: "status", style: "font-size: 0.93em" });
    this.adds = this.button("Add box", () => this.add());
    this.removes = this.button("Remove box", () => this.remove());
    this.saves = this.button("Save boxes", () => this.save());
    this.saves.setAttribute("aria-describedby", this.note.id);
    this.saves.disabled = frame.alone;
    this.element = make("div", { class: "ck-tools", style: "margin: 0.6em 0 0" },
      this.list, this.adds, this.removes, this.saves, this.note,
      make("p", { id, style: "flex-basis: 100%; margin: 0; font-size: 0.93em" }, hint));
    this.element.addEventListener("keydown", (event) => this.key(event));
    const settle = () => {
      if (this.moved) store.set(store.now, true);
      this.moved = false;
    };
    this.element.addEventListener("keyup", (event) => BOX_KEYS[event.key] && settle());
    this.element.addEventListener("focusout", settle);
  }

  button(text, act) {
    const made = make("button", { type: "button" }, text);
    made.addEventListener("click", act);
    return made;
  }

  // Buttons are kept where they can be, so that the focus is.
  show() {
    const boxes = this.store.now, { list, editor } = this;
    while (list.children.length > boxes.length) list.lastChild.remove();
    while (list.children.length < boxes.length) {
      const place = list.children.length, made = this.button(`Box ${place + 1}`, () => editor.choose(place));
      made.addEventListener("focus", () => editor.choose(place));
      made.setAttribute("aria-describedby", this.id);
      list.append(made);
    }
    [...list.children].forEach((made, i) => {
      made.setAttribute("aria-pressed", i === editor.chosen);
      made.setAttribute("aria-label", `Box ${i + 1} of ${boxes.length}: ${boxText(boxes[i])}`);
      made.style.boxShadow = i === editor.chosen ? "inset 0 0 0 2px currentColor" : "";
    });
    this.removes.disabled = editor.chosen < 0;
    this.note.textContent = this.frame.alone ? "Saving needs a running kernel: open the notebook and run it."
      : this.store.unsaved ? "Changed, not saved." : this.told[this.store.image] ?? this.frame.scene.note;
  }

  key(event) {
    const by = BOX_KEYS[event.key], { chosen } = this.editor;
    if (by && [...this.list.children].includes(event.target) && chosen >= 0) {
      this.editor.nudge(by, event.shiftKey);
      this.moved = true;
    } else if (event.key === "Insert") this.add();
    else if (event.key === "Delete") this.remove();
    else return;
    event.preventDefault();
  }

  add() {
    const { size } = this.frame.scene, low = Math.floor(size / 3), high = Math.max(Math.ceil((2 * size) / 3), low + 1);
    this.editor.chosen = this.store.now.length;
    this.store.set([...this.store.now, [low, low, high, high]], true);
    this.show();
    this.list.lastChild.focus();
  }

  remove() {
    const { editor } = this, boxes = this.store.now.filter((_, i) => i !== editor.chosen);
    if (editor.chosen < 0) return;
    editor.chosen = Math.min(editor.chosen, boxes.length - 1);
    this.store.set(boxes, true);
    this.show();
    (this.list.children[editor.chosen] ?? this.adds).focus();
  }

  save() {
    if (this.frame.asked) this.frame.announce("The last boxes are still being saved.");
    else this.frame.ask({ image: this.store.image, boxes: this.store.now });
  }

  received({ image, boxes }) {
    const plural = boxes.length === 1 ? "" : "es";
    this.told[image] = `Saved ${boxes.length} box${plural} of ${this.frame.scene.names[image]}.`;
    this.store.saved(image, boxes);
  }
}

VIEWS.masks = (frame) => {
  const { size, names } = frame.scene, images = decode(frame.scene.images), store = new BoxStore(frame);
  const picture = new Picture("The image and its boxes", size), editor = new BoxEditor(picture, store);
  const inner = new Picture("M_in", size), outside = new Picture("M_out", size), bar = new BoxBar(frame, store, editor);
  // The image stays uncovered while a guess is asked for: it is what one guesses from. What grows under a finger
  // stands below it, so that the picture keeps its place.
  const desk = make("div", { class: "ck-stage" });
  const column = make("div", { style: "flex: 1 1 15em; min-width: 0" }, picture.element, bar.element);
  picture.element.style.maxWidth = "none";
  frame.stage.replaceWith(desk);
  frame.stage.style.cssText = "flex: 2 1 20em; min-width: 0; margin: 0";
  desk.append(column, frame.stage);
  frame.add(inner, outside);
  frame.receive = (answer) => bar.received(answer);
  let last = "", numbers = null;

  const opaque = Array.from({ length: 256 }, (_, i) => colour(i / 255, 1));

  const refresh = (scaled, outer) => {
    const mask = rasterise(scaled, size), binary = outer === "binary";
    let m_out = new Float64Array(size * size).fill(NaN), inside = 0, outer_sum = 0, top = 0;
    if (binary) m_out = mask.map((value) => 1 - value);
    else if (scaled.length) m_out = distanceOutside(mask, size);
    for (let i = 0; i < mask.length; i++) {
      inside += mask[i];
      outer_sum += m_out[i];
      if (m_out[i] > top) top = m_out[i];
    }
    numbers = { inside: inside / mask.length, outer_sum, boxes: scaled.length };
    frame.masks = { inner: mask, outer: m_out };
    const share = fixed(numbers.inside, 3), step = top > 0 ? 255 / top : 0;
    inner.show({ smooth: false, paint: (i) => opaque[255 * mask[i]], text: `M_in: 1 on ${share} of the image` });
    const caption = binary ? "M_out: 1 outside" : `M_out: distance to the box, up to ${fixed(top)} of the diagonal`;
    outside.caption.textContent = caption;
    outside.show({ smooth: false, paint: (i) => opaque[Math.round(m_out[i] * step) || 0], text: caption });
  };

  return ({ image, scale, outer }) => {
    const boxes = store.now, scaled = scaleBoxes(boxes, scale, size), key = JSON.stringify([scaled, outer]);
    if (key !== last) refresh(scaled, outer);
    last = key;
    editor.show(row(images, image), scaled, scale);
    bar.show();
    const chosen = boxes[editor.chosen];
    const about = chosen ? ` Box ${editor.chosen + 1} of ${boxes.length} is chosen: ${boxText(chosen)}.` : "";
    const text = maskWords(numbers, names[image], scale, outer);
    picture.caption.textContent = `${names[image]}${scale === 1 ? "" : `, box × ${nice(scale)}; dashed: as drawn`}`;
    const places = boxes.map(boxText).join("; ") || "No box";
    picture.canvas.setAttribute("aria-label", `${picture.caption.textContent}. ${places}`);
    return { words: text + about, numbers: { ...numbers } };
  };
};
