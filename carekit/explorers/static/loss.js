// The attention loss of one image: overlay, where it asks activation to rise and to fall, and the knee at tau.

VIEWS.loss = (frame) => {
  const { size, boxes, names } = frame.scene;
  const images = decode(frame.scene.images), maps = decode(frame.scene.maps);
  const [, u, v] = maps.shape;
  const seen = new Picture("Map of the true class, and the box", size);
  const asked = new Picture("Where the loss asks the map to rise (blue) and to fall (orange)", size);
  const knee = new Chart("The inner loss, and this image on it", {
    x: [0, 1], y: [-1, 0], xlabel: "mean activation inside", ylabel: "L_in",
  });
  frame.add(seen, asked, knee);
  let last = -1, large = null;

  return ({ image, tau, lam, alpha, scale }) => {
    if (image !== last) {
      large = upsample(row(maps, image), u, v, size);
      last = image;
    }
    const scaled = scaleBoxes(boxes[image], scale, size), mask = rasterise(scaled, size);
    const outside = mask.map((value) => 1 - value);
    const inside = weightedMean(large, mask), l_out = weightedMean(large, outside);
    const l_in = -Math.min(inside, tau), l_a = l_in + lam * l_out;
    const rises = inside < tau;
    const rise = rises ? [0, 114, 178, 0.55] : null, fall = [213, 94, 0, Math.min(0.7, 0.35 * lam)];

    seen.show({
      image: row(images, image), grey: true, boxes: scaled,
      paint: (i) => colour(large[i], 0.65),
      text: `${names[image]}: attention inside the box ${fixed(inside)}`,
      key: image,
    });
    asked.show({
      image: row(images, image), grey: true, boxes: scaled, smooth: false,
      paint: (i) => (mask[i] ? rise : fall),
      text: `Inside the box the loss asks for ${rises ? "more" : "nothing"}, outside for less, ${fixed(lam, 1)} times as much`,
    });
    knee.line("knee", [[0, 0], [tau, -tau], [1, -tau]], { colour: COLOURS[0] });
    knee.line("tau", [[tau, -1], [tau, 0]], { colour: "currentColor", dash: "4 4" });
    knee.dot("here", inside, l_in);
    knee.say(`The inner loss falls until ${fixed(tau)} and stays; this image is at ${fixed(inside)}, L_in ${fixed(l_in)}`);

    const side = rises ? "below" : "above";
    return {
      words: `Attention inside the box ${fixed(inside)}, ${side} τ ${fixed(tau)}: L_in ${fixed(l_in, 3)}, ` +
        `L_out ${fixed(l_out, 3)}, L_a ${fixed(l_a, 3)}, α L_a ${fixed(alpha * l_a, 3)}.`,
      numbers: { inside, l_in, l_out, l_a, weighted: alpha * l_a },
    };
  };
};
