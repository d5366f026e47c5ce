// Imbalance: class sizes and class weights as bars, and what always naming the largest class scores at each ratio.

// carekit.explorers.imbalance.imbalance.
function imbalanceAt(ratio, count, largest) {
  const sizes = Array.from({ length: count }, (_, i) => largest * ratio ** (-i / (count - 1)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const weights = sizes.map((size) => total / (count * size));
  return { sizes, weights, accuracy: largest / total, mca: 1 / count };
}

// One named bar a class, on a plain or a logarithmic axis; on the latter bars grow up or down from 1.
class ClassBars extends Chart {
  constructor(caption, names, { colour, plain, log }) {
    const slanted = names.length > 8 || names.some((name) => name.length > 6);
    super(caption, { x: [0, names.length], y: [0, plain.at(-1)], ticks: { x: [], y: [] } });
    Object.assign(this, { names, colour, scales: { plain, log }, bottom: slanted ? 84 : 28, top: 18, slanted });
  }

  at(value) {
    return this.py(this.log ? Math.log10(value) : value);
  }

  axis(log) {
    this.log = log;
    const ticks = log ? this.scales.log : this.scales.plain;
    this.y = log ? [Math.log10(ticks[0]), Math.log10(ticks.at(-1))] : [ticks[0], ticks.at(-1)];
    this.frame();
    for (const value of ticks) {
      this.axes.append(make("text", { x: this.left - 6, y: this.at(value) + 4, "text-anchor": "end" }, nice(value)));
    }
    const foot = this.height - this.bottom;
    this.names.forEach((name, i) => {
      const x = this.px(i + 0.5), y = foot + (this.slanted ? 14 : 16);
      const turn = this.slanted ? `rotate(-50 ${x} ${y - 4})` : null;
      this.axes.append(make("text", { x, y, "text-anchor": turn ? "end" : "middle", transform: turn }, name));
    });
  }

  bars(values, text, level) {
    const width = this.px(1) - this.px(0), base = this.at(this.log ? 1 : 0);
    const line = level === undefined ? Infinity : this.at(level); // numbers keep clear of it
    const style = `font-size:${this.slanted ? 8 : 11}px`;
    values.forEach((value, i) => {
      const y = this.at(value), x = this.px(i), top = Math.min(y, base);
      const bar = { x: x + 0.12 * width, width: 0.76 * width, y: top, height: Math.abs(base - y), fill: this.colour };
      this.put(`bar${i}`, "rect", bar);
      const place = { x: x + width / 2, y: Math.min(top, line) - 4, "text-anchor": "middle", style };
      this.put(`text${i}`, "text", place, text(value));
    });
    if (level === undefined) return;
    this.put("level", "line", {
      x1: this.left, x2: this.width - this.right, y1: line, y2: line, stroke: "currentColor", "stroke-dasharray": "4 4",
    });
  }
}

VIEWS.imbalance = (frame) => {
  const { names, largest, most } = frame.scene, count = names.length;
  const heaviest = imbalanceAt(most, count, largest).weights.at(-1), top = Math.ceil(heaviest / 10) * 10;
  const sizeBars = new ClassBars("Images of each class", names, {
    colour: COLOURS[0], plain: [0, largest / 2, largest], log: [1, 10, 100, largest],
  });
  const weightBars = new ClassBars("Weight of each class in the loss; the dashed line is 1, balanced", names, {
    colour: COLOURS[4], plain: [0, top / 2, top], log: [0.1, 1, 10, 100],
  });
  const always = new Chart("What always naming the largest class scores", {
    x: [1, most], y: [0, 1], xlabel: "ratio of largest to smallest", ylabel: "score",
    ticks: { x: [1, most / 2, most], y: [0, 0.5, 1] },
  });
  const ratios = Array.from({ length: most }, (_, i) => i + 1);
  const scored = ratios.map((each) => [each, imbalanceAt(each, count, largest).accuracy]);
  always.line("accuracy", scored, { colour: COLOURS[1] });
  always.line("mca", [[1, 1 / count], [most, 1 / count]], { colour: COLOURS[2], dash: "8 4" });
  const end = { x: always.width - always.right, "text-anchor": "end" };
  const highest = imbalanceAt(most, count, largest).accuracy;
  always.put("accuracy name", "text", { ...end, y: always.py(highest) - 10 }, "accuracy");
  always.put("mca name", "text", { ...end, y: always.py(1 / count) - 7 }, "MCA");
  frame.add(sizeBars, weightBars, always);
  let scale = null;

  return ({ ratio, log }) => {
    const numbers = imbalanceAt(ratio, count, largest), { sizes, weights, accuracy, mca } = numbers;
    if (scale !== log) {
      sizeBars.axis(log);
      weightBars.axis(log);
      scale = log;
    }
    sizeBars.bars(sizes, (size) => nice(Math.round(size)));
    weightBars.bars(weights, (weight) => fixed(weight, weight < 10 && !weightBars.slanted ? 2 : 1), 1);
    always.line("here", [[ratio, 0], [ratio, 1]], { dash: "2 4" });
    always.dot("accuracy here", ratio, accuracy, { colour: COLOURS[1] });
    always.dot("mca here", ratio, mca, { colour: COLOURS[2] });

    const list = (values) => names.map((name, i) => `${name} ${values[i]}`).join(", ");
    sizeBars.say(`Images: ${list(sizes.map(Math.round))}`);
    weightBars.say(`Weights: ${list(weights.map((weight) => fixed(weight)))}`);
    always.say(`At ratio ${ratio} accuracy is ${fixed(accuracy, 3)}, and MCA ${fixed(mca, 3)} as at any ratio`);
    const [first, last] = [names[0], names.at(-1)];
    return {
      words: `Ratio ${ratio}: always naming ${first} has accuracy ${fixed(accuracy, 3)} and MCA ${fixed(mca, 3)}; ` +
        `the weights go from ${fixed(weights[0])} for ${first} to ${fixed(weights.at(-1))} for ${last}.`,
      numbers,
    };
  };
};
