// The second stage, epoch by epoch, with CARE and without; a kernel trains it anew, and the page follows.

const ARMS = [{ name: "CARE", colour: COLOURS[0] }, { name: "α = 0", colour: COLOURS[1] }];

// A run of the scene or of the kernel, decoded: value(epoch, arm, part, curve), map and probabilities of an image.
class TrainingRun {
  constructor({ parameters, curves, maps, probabilities }) {
    Object.assign(this, { parameters, curves: decode(curves), maps: decode(maps), chances: decode(probabilities) });
    [this.epochs, , , this.figures] = this.curves.shape;
    [this.u, this.v] = this.maps.shape.slice(3);
  }

  value(epoch, arm, part, curve) {
    return this.curves.data[((epoch * 2 + arm) * 2 + part) * this.figures + curve];
  }

  of(array, epoch, arm, image) {
    const [, , images, ...rest] = array.shape, length = rest.reduce((a, b) => a * b, 1);
    const start = ((epoch * 2 + arm) * images + image) * length;
    return array.data.subarray(start, start + length);
  }
}

// One figure over the epochs: test images as full lines, training images dotted.
class TrainingChart extends Chart {
  draw(run, curve, name, epochs, epoch) {
    if (run !== this.run || curve !== this.curve) this.lines(run, curve, name, epochs);
    Object.assign(this, { run, curve });
    this.line("now", [[epoch, this.y[0]], [epoch, this.y[1]]], { dash: "4 4" });
    const values = ARMS.map((_, arm) => run.value(epoch, arm, 1, curve)), above = values[0] >= values[1] ? 0 : 1;
    const late = epoch > epochs / 2;
    ARMS.forEach(({ name: text, colour: fill }, arm) => {
      if (Number.isNaN(values[arm])) return;
      this.dot(`dot${arm}`, epoch, values[arm], { colour: fill });
      const y = Math.min(Math.max(this.py(values[arm]) + (arm === above ? -10 : 20), 12), this.height - this.bottom - 4);
      const x = this.px(epoch) + (late ? -9 : 9), anchor = late ? "end" : "start";
      this.put(`name${arm}`, "text", { x, y, "text-anchor": anchor }, text);
    });
  }

  lines(run, curve, name, epochs) {
    const all = [], values = ARMS.map((_, arm) => [0, 1].map((part) => {
      const line = Array.from({ length: run.epochs }, (_, e) => [e, run.value(e, arm, part, curve)]);
      all.push(...line.map(([, y]) => y).filter((y) => !Number.isNaN(y)));
      return line.filter(([, y]) => !Number.isNaN(y));
    }));
    const high = Math.max(1, Math.ceil(Math.max(0, ...all)));
    Object.assign(this, { x: [0, epochs], y: [0, high], marks: {} });
    this.labels = { xlabel: "epoch", ylabel: name, ticks: { x: [0, Math.round(epochs / 2), epochs], y: [0, high / 2, high] } };
    this.frame();
    this.layer.replaceChildren();
    values.forEach((lines, arm) => lines.forEach((line, part) => {
      this.line(`line${arm}${part}`, line, { colour: ARMS[arm].colour, dash: part ? "" : "2 5" });
    }));
  }
}

// Buttons that train in the kernel, and one that plays the epochs; `status` is the kernel's word on the training.
class TrainingBar {
  constructor(frame, play) {
    const button = (text, act) => {
      const made = make("button", { type: "button" }, text);
      made.addEventListener("click", act);
      return made;
    };
    const ask = (question) => {
      try {
        frame.ask(question);
      } catch (error) {
        frame.complain(error);
      }
    };
    this.start = button("Train with these values", () => {
      const { alpha, tau, lam, scale } = frame.values;
      frame.guessed = null;
      ask({ do: "start", parameters: { alpha, tau, lam, scale } });
    });
    this.pause = button("Pause", () => ask({ do: this.status === "training" ? "pause" : "go on" }));
    this.stop = button("Stop", () => ask({ do: "stop" }));
    this.back = button("Show the recorded run", () => ask({ do: "forget" }));
    this.play = button("Play the epochs", play);
    this.about = make("span", {});
    this.element = make("div", { class: "ck-tools ck-training" }, this.start, this.pause, this.stop, this.back, this.play, this.about);
    this.alone = frame.alone;
    if (!this.alone) return;
    const sliders = ["alpha", "tau", "lam", "scale"].map((name) => frame.inputs[name].input.parentElement);
    const idle = [this.start, this.pause, this.stop, this.back, ...frame.presetButtons, ...sliders];
    for (const each of idle) each.hidden = true; // nothing can be trained
  }

  show(status, epochs) {
    this.status = status;
    const busy = status === "training" || status === "paused";
    this.pause.disabled = this.stop.disabled = !busy;
    this.back.disabled = status === "recorded";
    this.pause.textContent = status === "paused" ? "Go on" : "Pause";
    this.about.textContent = this.alone ? "A recorded run; to train, open the notebook." : {
      recorded: "A recorded run.", training: `Training: ${epochs} epochs so far.`, paused: "Paused.",
      stopped: "Stopped.", done: "Trained to the end.",
    }[status] ?? "";
  }
}

VIEWS.training = (frame) => {
  const { size, classes, curves, epochs, boxes, names } = frame.scene, images = decode(frame.scene.images);
  const masks = boxes.map((each) => rasterise(each, size));
  const chart = new TrainingChart("Curves", { x: [0, epochs], y: [0, 1], width: 420, height: 230 });
  const pictures = ARMS.map(({ name }) => new Picture(`Map of the true class, ${name}`, size));
  frame.add(make("div", { class: "ck-study-side" }, chart.element, ...pictures.map((each) => each.element)));

  const recorded = new TrainingRun(frame.scene.run);
  let run = recorded, status = "recorded", begun = true, heard = 0, timer = 0;
  const step = () => {
    if (frame.values.epoch >= run.epochs - 1) return;
    frame.adopt({ epoch: frame.values.epoch + 1 }, true);
    timer = setTimeout(step, 500);
  };
  const bar = new TrainingBar(frame, () => {
    clearTimeout(timer);
    frame.adopt({ epoch: 0 }, true);
    timer = setTimeout(step, 500);
  });
  frame.panel.after(bar.element);

  const news = () => {
    const live = frame.model.get("live") ?? {}, following = frame.values.epoch >= run.epochs - 1 || live.run === null;
    clearTimeout(frame.silence);
    status = live.status ?? "recorded";
    begun = live.run !== null;
    if (live.run !== null) run = live.run ? new TrainingRun(live.run) : recorded;
    if (following) frame.adopt({ epoch: begun ? run.epochs - 1 : 0 }, true);
    else frame.paint();
    if (status !== "training") return;
    const gap = begun && heard ? performance.now() - heard : 0;
    heard = begun ? performance.now() : 0;
    frame.silence = setTimeout(() => {
      frame.complain("Nothing has come from the kernel for a long time: it may be busy or gone. Restart it, then run this cell again.");
    }, begun ? 60000 + 10 * gap : 600000); // before the first epoch nobody knows how long one takes
  };
  frame.listen("change:live", news);
  frame.stop = () => [timer, frame.silence].forEach(clearTimeout);
  if (frame.model.get("live")?.status) news(); // a view that was opened later

  return ({ image, epoch, figure, alpha, tau, lam, scale }) => {
    const last = run.epochs - 1, curve = curves.indexOf(figure), at = Math.min(epoch, last);
    bar.show(status, last);
    if (!["recorded", "training", "paused", "stopped", "done"].includes(status)) throw new Error(`The training ended: ${status}`);
    if (!begun) {
      frame.stage.style.visibility = "hidden";
      return { words: "The training begins.", numbers: {} };
    }
    frame.stage.style.visibility = "";
    if (epoch > last) {
      frame.values.epoch = last;
      frame.reflect("epoch");
    }
    chart.draw(run, curve, figure, Math.max(epochs, 1), at);
    const insides = ARMS.map(({ name }, arm) => {
      const large = upsample(run.of(run.maps, at, arm, image), run.u, run.v, size);
      const inside = weightedMean(masks[image], large), text = `${name}: ${fixed(inside)} of the attention inside the box`;
      pictures[arm].show({
        image: row(images, image), grey: true, boxes: boxes[image], paint: (i) => colour(large[i], 0.65),
        text: `${names[image]}, epoch ${at}, ${text}`,
      });
      pictures[arm].caption.textContent = text;
      return inside;
    });
    const said = ARMS.map((_, arm) => {
      const chances = run.of(run.chances, at, arm, image), top = chances.indexOf(Math.max(...chances));
      return `${classes[top]} (${fixed(chances[top])})`;
    });
    const [[train, test], [plainTrain, plain]] = [0, 1].map((arm) => [0, 1].map((part) => run.value(at, arm, part, curve)));
    const own = run.parameters, three = (value) => (Number.isNaN(value) ? "unknown" : fixed(value, 3));
    const trained = `α ${fixed(own.alpha)}, τ ${fixed(own.tau)}, λ ${fixed(own.lam)}, box scale ${fixed(own.scale)}`;
    const other = own.alpha !== alpha || own.tau !== tau || own.lam !== lam || own.scale !== scale;
    const ask = other && !frame.alone ? " The sliders ask for other values: train with them." : "";
    chart.caption.textContent = `${figure}: test images full, training images dotted`;
    chart.say(`${figure} over the epochs, on test images with CARE from ${three(run.value(0, 0, 1, curve))} to ` +
      `${three(run.value(last, 0, 1, curve))}, with α = 0 to ${three(run.value(last, 1, 1, curve))}`);
    return {
      words: `Epoch ${at} of ${last} with ${trained}: ${figure} ${three(test)} with CARE, ${three(plain)} with α = 0 ` +
        `on test images; ${three(train)} and ${three(plainTrain)} on training images. ` +
        `Attention inside the box of this image: ${three(insides[0])} with CARE, ${three(insides[1])} with α = 0; ` +
        `they say ${said[0]} and ${said[1]}.${ask}`,
      numbers: {
        test, plain, train, plain_train: plainTrain, gain: test - plain, inside: insides[0], plain_inside: insides[1],
      },
    };
  };
};
