// What carekit.explorers.channels computes, for the attention explorer: a map, and the channels that add up to it.

// One image out of what was sent or answered; `own` are channel weights of a head that is not linear.
function attentionItem(parts, i, scene) {
  const weights = parts.own ? row(parts.own, i) : scene.weights.data, logits = parts.logits[i];
  const mask = rasterise(parts.boxes[i], scene.size), top = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - top)), sum = powers.reduce((a, b) => a + b);
  return {
    image: row(parts.images, i), features: row(parts.features, i), weights, mask, boxes: parts.boxes[i],
    label: parts.labels[i], said: logits.indexOf(top), name: parts.names[i],
    probabilities: powers.map((value) => value / sum),
    uniform: mask.reduce((a, b) => a + b, 0) / mask.length || NaN,
  };
}

function unpackItems(parts) {
  return { ...parts, images: decode(parts.images), features: decode(parts.features), own: decode(parts.own) };
}

// carekit.explorers.channels.sigma: of the score, or of the cross-entropy, Σ_j (p_j - [j = c]) ∂y^j / ∂A.
function channelWeights(item, index, ofLoss, k) {
  if (!ofLoss) return item.weights.subarray(index * k, (index + 1) * k);
  const sigma = new Float64Array(k);
  item.probabilities.forEach((p, j) => {
    for (let c = 0; c < k; c++) sigma[c] += (p - (j === index)) * item.weights[j * k + c];
  });
  return sigma;
}

function addChannel(sum, features, channel, weight) {
  const area = sum.length, start = channel * area;
  for (let i = 0; i < area; i++) sum[i] += weight * features[start + i];
}

// As carekit.cam.normalise judges it.
function isConstant(map) {
  let low = Infinity, high = -Infinity;
  for (const value of map) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return high - low <= 1e-6 * Math.max(Math.abs(low), Math.abs(high));
}

// b => Pearson's correlation with a; NaN where one of them is constant.
function correlationWith(a) {
  const centred = (values) => {
    let sum = 0;
    for (const value of values) sum += value;
    return Float64Array.from(values, (value) => value - sum / values.length);
  };
  const product = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  const ca = centred(a), aa = product(ca, ca), flat = isConstant(a);
  return (b) => {
    if (flat || isConstant(b)) return NaN;
    let sum = 0, squares = 0, ab = 0;
    for (let i = 0; i < b.length; i++) { sum += b[i]; squares += b[i] * b[i]; ab += ca[i] * b[i]; }
    return ab / Math.sqrt(aa * (squares - (sum * sum) / b.length));
  };
}

// All that an image, a class and a method decide: the map, its channels by contribution, and every partial sum's
// correlation with the whole.
function readMap(item, index, method, { shape: [k, u, v], size }) {
  const sigma = channelWeights(item, index, method.startsWith("of the loss"), k);
  const relu = (map) => (method.endsWith("ReLU") ? map.map((value) => Math.max(value, 0)) : map);
  const contribution = Float64Array.from(sigma, (weight, channel) => {
    let sum = 0;
    for (let i = channel * u * v; i < (channel + 1) * u * v; i++) sum += Math.abs(item.features[i]);
    return Math.abs(weight) * sum;
  });
  const order = Array.from(contribution.keys()).sort((a, b) => contribution[b] - contribution[a] || a - b);
  const raw = new Float64Array(u * v), score = new Float64Array(u * v), partial = new Float64Array(u * v);
  const scoreWeights = channelWeights(item, index, false, k);
  for (let c = 0; c < k; c++) {
    addChannel(raw, item.features, c, sigma[c]);
    addChannel(score, item.features, c, scoreWeights[c]);
  }
  const whole = relu(raw), map = normalise(whole), likeness = correlationWith(whole);
  const total = contribution.reduce((a, b) => a + b, 0) || 1;
  let share = 0;
  const steps = order.map((channel) => {
    addChannel(partial, item.features, channel, sigma[channel]);
    share += contribution[channel] / total;
    return { correlation: likeness(relu(partial)), share };
  });
  const large = upsample(map, u, v, size), peak = map.indexOf(Math.max(...map));
  const sum = large.reduce((a, b) => a + b, 0);
  const inside = item.uniform ? weightedMean(item.mask, large) : NaN;
  const part = (channels) => {
    if (channels === k) return large;
    const some = new Float64Array(u * v);
    for (const channel of order.slice(0, channels)) addChannel(some, item.features, channel, sigma[channel]);
    return upsample(normalise(relu(some)), u, v, size);
  };
  return {
    sigma, order, contribution, total, steps, large, part, row: Math.floor(peak / v), column: peak % v,
    inside: sum > 0 ? inside : NaN, scoreMap: likeness(score),
  };
}
