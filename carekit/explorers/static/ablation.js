// The ablation study: one parameter as a line, every setting as a heat map, and what a setting attends to.

// Black or white, whichever is easier to read on a colour (contrast as WCAG 2 computes it, at least 4.5).
function readable([r, g, b]) {
  const linear = [r, g, b].map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179 ? "#000" : "#fff";
}

function withHalf(mean, half, digits) {
  if (Number.isNaN(mean)) return "unknown";
  return fixed(mean, digits) + (Number.isNaN(half) ? " (one seed)" : ` ± ${fixed(half, digits)}`);
}

// Settings down, figures across; a cell is chosen by a click or by the arrow keys.
class StudyTable {
  constructor({ settings, short, colours, means, halves, control }, choose) {
    Object.assign(this, { settings, short, colours, means, halves, choose });
    const body = make("tbody"), heads = short.map((name) => make("th", { scope: "col" }, name));
    this.cells = settings.map((setting, s) => {
      const cells = short.map((_, f) => this.cell(s, f));
      const head = make("th", { scope: "row", class: s === control ? "ck-control-row" : null }, setting);
      body.append(make("tr", {}, head, ...cells));
      return cells;
    });
    const table = make("table", { role: "grid", "aria-label": "Settings and their figures; arrow keys choose a cell" },
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "setting"), ...heads)), body);
    table.addEventListener("keydown", (event) => this.key(event));
    const about = "Means over the seeds; brighter is more in its column. A chosen cell shows its first seed's map.";
    const caption = make("figcaption", {}, about);
    this.element = make("figure", { class: "ck-picture ck-study" }, table, caption);
  }

  cell(s, f) {
    const i = s * this.short.length + f, mean = this.means[i], [low, high] = this.colours[f];
    const known = !Number.isNaN(mean), back = known ? colour((mean - low) / (high - low), 1).slice(0, 3) : null;
    const style = known ? `background: rgb(${back}); color: ${readable(back)}` : null;
    const label = `${this.settings[s]}, ${this.short[f]} ${withHalf(mean, this.halves[i], 2)}`;
    const cell = make("td", { role: "gridcell", tabindex: -1, style, "aria-label": label }, known ? fixed(mean) : "–");
    cell.addEventListener("click", () => this.take(s, f));
    return cell;
  }

  take(s, f) {
    this.choose(s, f);
    this.cells[s][f].focus();
  }

  key(event) {
    const s = this.cells.findIndex((row) => row.includes(event.target));
    if (s < 0) return;
    const f = this.cells[s].indexOf(event.target), last = [this.cells.length - 1, this.short.length - 1];
    const to = {
      ArrowUp: [Math.max(s - 1, 0), f], ArrowDown: [Math.min(s + 1, last[0]), f],
      ArrowLeft: [s, Math.max(f - 1, 0)], ArrowRight: [s, Math.min(f + 1, last[1])],
      Home: [s, 0], End: [s, last[1]], " ": [s, f], Enter: [s, f],
    }[event.key];
    if (!to || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.take(...to);
  }

  // One cell is chosen, and it alone is a stop of the tab key.
  mark(s, f) {
    const chosen = this.cells[s][f];
    if (this.chosen === chosen) return;
    this.chosen?.setAttribute("aria-selected", "false");
    this.chosen?.setAttribute("tabindex", "-1");
    chosen.setAttribute("aria-selected", "true");
    chosen.setAttribute("tabindex", "0");
    this.chosen = chosen;
  }
}

// One figure over one parameter: CARE with its intervals, the control as a dashed line with a band.
class SweepChart extends Chart {
  draw({ points, control, sign, name, range, chosen }) {
    const xs = points.map((point) => point.x), low = Math.min(...xs), high = Math.max(...xs);
    const margin = (high - low || 1) * 0.08;
    Object.assign(this, { x: [low - margin, high + margin], y: range, marks: {} });
    this.labels = { xlabel: sign, ylabel: name, ticks: { x: xs, y: [range[0], (range[0] + range[1]) / 2, range[1]] } };
    this.frame();
    this.layer.replaceChildren();
    if (!Number.isNaN(control.mean)) this.control(control);
    const known = points.filter((point) => !Number.isNaN(point.mean));
    this.line("care", known.map(({ x, mean }) => [x, mean]), { colour: COLOURS[0] });
    known.forEach(({ x, mean, half, setting }, i) => {
      const [bottom, top] = this.ends(mean, half), at = this.px(x), cap = 5;
      const d = `M${at} ${bottom}V${top}M${at - cap} ${bottom}h${2 * cap}M${at - cap} ${top}h${2 * cap}`;
      this.put(`interval${i}`, "path", { d, stroke: COLOURS[0], "stroke-width": 2, fill: "none" });
      this.dot(`point${i}`, x, mean, { colour: COLOURS[0], radius: 5 });
      if (setting !== chosen) return;
      const ring = { r: 10, fill: "none", stroke: "currentColor", "stroke-width": 2 };
      this.put("chosen", "circle", { cx: at, cy: this.py(mean), ...ring });
    });
  }

  control({ mean, half }) {
    const [bottom, top] = this.ends(mean, half), width = this.width - this.right - this.left;
    this.put("band", "rect", { x: this.left, y: top, width, height: bottom - top, fill: COLOURS[1], opacity: 0.2 });
    this.line("control", [[this.x[0], mean], [this.x[1], mean]], { colour: COLOURS[1], dash: "7 4" });
  }

  // Where an interval begins and ends on the drawing, cut to its axis.
  ends(mean, half) {
    const reach = Number.isNaN(half) ? 0 : half, [low, high] = this.y;
    return [this.py(Math.max(mean - reach, low)), this.py(Math.min(mean + reach, high))];
  }
}

VIEWS.ablation = (frame) => {
  const { settings, control, labels, short, signs, sweeps, lines, colours, axes, size, boxes, names } = frame.scene;
  const means = decode(frame.scene.means).data, halves = decode(frame.scene.halves).data;
  const images = decode(frame.scene.images), maps = decode(frame.scene.maps);
  const [, count, u, v] = maps.shape, without = settings[control], owner = {};
  for (const [name, points] of Object.entries(sweeps)) for (const [, s] of points) owner[s] ??= name;
  const value = (s, f) => ({ mean: means[s * labels.length + f], half: halves[s * labels.length + f] });

  const table = new StudyTable({ settings, short, colours, means, halves, control }, (s, f) => {
    const parameter = owner[s] === undefined ? {} : { parameter: owner[s] };
    frame.set({ setting: settings[s], figure: labels[f], ...parameter }, true);
  });
  const chart = new SweepChart("One figure over one parameter", { x: [0, 1], y: [0, 1], width: 420, height: 210 });
  const here = new Picture("Map of the chosen setting", size), there = new Picture(`Map of ${without}`, size);
  frame.add(table, make("div", { class: "ck-study-side" }, chart.element, here.element, there.element));
  frame.parameters = () => lines[frame.values.setting] ?? "";

  const masks = boxes.map((each) => rasterise(each, size)), shown = new Map();
  // Paints a setting's map of an image where it is not seen yet, and returns the share inside the boxes.
  const attend = (picture, s, image) => {
    const last = shown.get(picture);
    if (last?.s === s && last.image === image) return last.inside;
    const start = (s * count + image) * u * v, large = upsample(maps.data.subarray(start, start + u * v), u, v, size);
    const inside = weightedMean(masks[image], large); // the share of the map's sum that the mask holds
    const text = `${settings[s]}: ${fixed(inside)} of the attention inside the box`;
    picture.show({
      image: row(images, image), grey: true, boxes: boxes[image], paint: (i) => colour(large[i], 0.65),
      text: `${names[image]}, ${text}`,
    });
    picture.caption.textContent = text;
    shown.set(picture, { s, image, inside });
    return inside;
  };

  return ({ parameter, figure, setting, image }) => {
    const s = settings.indexOf(setting), f = labels.indexOf(figure);
    const ours = value(s, f), theirs = value(control, f);
    const inside = attend(here, s, image), outside = attend(there, control, image);
    table.mark(s, f);
    const points = sweeps[parameter].map(([x, place]) => ({ x, setting: place, ...value(place, f) }));
    chart.draw({ points, control: theirs, sign: signs[parameter], name: short[f], range: axes[f], chosen: s });
    const told = points.map(({ x, mean, half }) => `${nice(x)}: ${withHalf(mean, half, 2)}`).join(", ");
    const intervals = points.every(({ half }) => Number.isNaN(half)) ? "one seed" : "95 % intervals";
    chart.caption.textContent = `${figure} over ${signs[parameter]}, ${intervals}; dashed: ${without}`;
    chart.say(`${figure} over ${signs[parameter]}: ${told}; ${without}: ${withHalf(theirs.mean, theirs.half, 2)}`);

    const beside = s === control ? "" : `; ${without}: ${withHalf(theirs.mean, theirs.half, 3)}`;
    const attention = fixed(inside, 3) + (s === control ? "" : `; ${without}: ${fixed(outside, 3)}`);
    return {
      words: `${setting}: ${figure} ${withHalf(ours.mean, ours.half, 3)}${beside}. ` +
        `Attention inside the box of this image: ${attention}.`,
      numbers: {
        ...ours, inside, control_mean: theirs.mean, control_half: theirs.half, control_inside: outside,
      },
    };
  };
};
