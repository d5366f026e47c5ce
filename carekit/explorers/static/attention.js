// Any image, any class: where the class gets its score from, and the channels that add up to its map.

// The strongest six channels, drawn as they are: blocks of u x v.
class Strip {
  constructor([, u, v]) {
    Object.assign(this, { u, v, side: u === v ? u : 8 * Math.max(u, v), texts: [] });
    this.element = make("div", {
      style: "flex: 2 1 20em; min-width: 0; display: grid; grid-template-columns: repeat(3, 1fr); gap: 0.5em",
      role: "group", "aria-label": "The strongest channels",
    });
    this.pictures = Array.from({ length: 6 }, () => new Picture("", this.side));
    this.element.append(...this.pictures.map((picture) => picture.element));
  }

  show(read, features) {
    const { u, v, side } = this;
    this.texts = read.order.slice(0, this.pictures.length).map((channel, place) => {
      const map = features.subarray(channel * u * v, (channel + 1) * u * v), top = Math.max(...map) || 1;
      const at = (i) => Math.floor((Math.floor(i / side) * u) / side) * v + Math.floor(((i % side) * v) / side);
      this.pictures[place].show({ paint: (i) => colour(map[at(i)] / top, 1), smooth: false });
      const weight = read.sigma[channel].toPrecision(2).replaceAll("-", "\u2212");
      return `Channel ${channel}: weight ${weight}, share ${fixed(read.contribution[channel] / read.total, 3)}`;
    });
    this.pictures.forEach((picture, place) => { picture.element.hidden = place >= this.texts.length; });
  }

  mark(channels) {
    this.texts.forEach((text, place) => {
      const added = place < channels, picture = this.pictures[place];
      picture.canvas.style.opacity = added ? 1 : 0.35;
      picture.caption.textContent = added ? text : `${text}, not added`;
      picture.canvas.setAttribute("aria-label", picture.caption.textContent);
    });
  }
}

// Where the images come from: sent with the page, or asked from the kernel and kept for a while.
function attentionSource(frame) {
  const scene = { ...frame.scene, weights: decode(frame.scene.weights) }, sent = unpackItems(scene), kept = new Map();
  frame.receive = (answer) => {
    if (kept.size > 40) kept.delete(kept.keys().next().value);
    kept.set(answer.image, attentionItem(unpackItems(answer), 0, scene));
  };
  return (image) => {
    if (!kept.has(image) && image < scene.sent) kept.set(image, attentionItem(sent, image, scene));
    if (kept.has(image)) return kept.get(image);
    if (frame.alone) {
      const last = scene.sent - 1;
      throw new Error(`Images 0 to ${last} are on this page; for image ${image} open the notebook and run it.`);
    }
    if ((frame.next ?? frame.asked)?.image !== image) frame.ask({ image });
    return null;
  };
}

function attentionWords(numbers, about, threshold, channels, of) {
  const { probability, inside, uniform, row, column, above, correlation, contribution, score_map } = numbers;
  const start = `${about}: probability ${fixed(probability)}.`;
  if (Number.isNaN(score_map)) return `${start} The map is constant: it shows nothing.`;
  const box = Number.isNaN(uniform) ? "This image has no box"
    : `Attention inside the box ${fixed(inside)}, without preference ${fixed(uniform)}`;
  const tail = Number.isNaN(correlation) ? "" : ` and correlate ${fixed(correlation, 3)} with it`;
  const other = score_map < 0.9995 ? ` Correlation with the map of the score: ${fixed(score_map, 3)}.` : "";
  return `${start} ${box}; brightest at row ${row}, column ${column} of the map; ${fixed(above, 3)} of the image ` +
    `is above ${fixed(threshold)}. ${channels} of ${of} channels make ${fixed(contribution)} of it${tail}.${other}`;
}

// A cross at the peak's place among u x v.
function markPeak(picture, { row, column }, [, u, v]) {
  const side = picture.canvas.width, x = ((column + 0.5) * side) / v, y = ((row + 0.5) * side) / u, arm = side / 30;
  const path = new Path2D(`M${x - arm} ${y}H${x + arm}M${x} ${y - arm}V${y + arm}`);
  for (const [colour, width] of [["#000", 6], ["#fff", 2.5]]) {
    picture.context.strokeStyle = colour;
    picture.context.lineWidth = width;
    picture.context.stroke(path);
  }
}

VIEWS.attention = (frame) => {
  const { size, shape, classes } = frame.scene, k = shape[0], find = attentionSource(frame);
  const plain = new Picture("The image", size), seen = new Picture("The map", size);
  const part = new Picture("The channels added", size), strip = new Strip(shape);
  const curve = new Chart("How the sum of the strongest channels approaches the map", {
    x: [1, Math.max(k, 2)], y: [-1, 1], xlabel: "channels added", ylabel: "correlation with the map",
    ticks: { x: [1, Math.round(k / 2), k], y: [-1, 0, 1] },
  });
  frame.add(plain, seen, part, curve, strip);
  let last = {}, drawn = {}, read = null, some = null;

  const refresh = (item, index, method, channels) => {
    const same = last.item === item && last.index === index && last.method === method;
    if (last.item !== item) {
      const text = `${item.name}, true: ${classes[item.label]}, said: ${classes[item.said]}`;
      plain.show({ image: item.image, boxes: item.boxes, text });
      plain.caption.textContent = text;
    }
    if (!same) {
      read = readMap(item, index, method, frame.scene);
      strip.show(read, item.features);
      const every = Math.ceil(k / 256), points = read.steps.map(({ correlation }, i) => [i + 1, correlation]);
      const drawn = points.filter(([n, y]) => (n <= 32 || n % every === 0) && !Number.isNaN(y));
      curve.line("steps", drawn, { colour: COLOURS[0] });
    }
    if (!same || last.channels !== channels) some = read.part(channels);
    strip.mark(channels);
    last = { item, index, method, channels };
  };

  return ({ image, shown, method, threshold, channels, opacity }) => {
    const item = find(image);
    frame.stage.style.visibility = item ? "" : "hidden";
    if (!item) return { words: `Asking the kernel for image ${image} of the explorer.`, numbers: {} };
    const index = { true: item.label, predicted: item.said }[shown] ?? classes.indexOf(shown);
    refresh(item, index, method, channels);
    const { correlation, share } = read.steps[channels - 1], above = read.large.filter((value) => value >= threshold);
    const numbers = {
      probability: item.probabilities[index], inside: read.inside, uniform: item.uniform, row: read.row,
      column: read.column, above: above.length / read.large.length, correlation, contribution: share,
      score_map: read.scoreMap,
    };
    const common = { image: item.image, grey: true, boxes: item.boxes };
    const same = frame.scene.weights && /CAM$/.test(method) ? "; for this network CAM and Grad-CAM are the same" : "";
    seen.caption.textContent = `Map of ${classes[index]}, contour at ${fixed(threshold)}, cross at its peak${same}`;
    seen.show({
      ...common, paint: (i) => colour(read.large[i], opacity), contour: { values: read.large, level: threshold },
      text: `Map of ${classes[index]}, brightest in row ${read.row}, column ${read.column}`,
    });
    if (!Number.isNaN(read.scoreMap)) markPeak(seen, read, shape);
    const close = Number.isNaN(correlation) ? "no pattern yet" : `correlation ${fixed(correlation, 3)} with the map`;
    part.caption.textContent = `The strongest ${channels} of ${k} channels: ${close}`;
    if (some !== drawn.some || opacity !== drawn.opacity) {
      part.show({ ...common, paint: (i) => colour(some[i], opacity), text: part.caption.textContent });
      drawn = { some, opacity };
    }
    curve.dot("here", channels, Number.isNaN(correlation) ? 0 : correlation);
    curve.say(part.caption.textContent);
    const about = `${item.name[0].toUpperCase()}${item.name.slice(1)}, class ${classes[index]}, map ${method}`;
    return { words: attentionWords(numbers, about, threshold, channels, k), numbers };
  };
};
