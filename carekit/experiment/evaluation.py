"""A model on a test set: probabilities, true-class maps of the boxed images, and the metrics of the paper."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int

from carekit.data.cached import network_for
from carekit.data.prepared import Prepared
from carekit.method import boxes
from carekit.method.cam import class_activation_map, resize
from carekit.method.metrics import METRICS, Judged
from carekit.networks import Backbone


@dataclass(frozen=True)
class Predictions:
    """Of n images: class probabilities (n, c), labels, and of each image one class's map (n, u, v) in [0, 1]."""

    probabilities: Float[np.ndarray, "n c"]
    labels: Int[np.ndarray, " n"]
    maps: Float[np.ndarray, "n u v"]

    def take(self, rows: Int[np.ndarray, " m"]) -> "Predictions":
        """Those of some images."""
        return Predictions(self.probabilities[rows], self.labels[rows], self.maps[rows])


def predict(
    model: Backbone,
    data: Prepared,
    *,
    batch_size: int = 128,
    classes: Int[np.ndarray, " n"] | None = None,
) -> Predictions:
    """Run the model over all images of `data`, in evaluation mode, on the device where it is.

    Args:
        data: images, or cached features of them, with which the network begins behind its frozen layers.
        classes: of each image, the class whose map is made; None: the true one.

    Raises:
        ValueError: where `data` has no image.
    """
    if not len(data):
        raise ValueError(f"there is no image to predict in {data.facts['title']}: give a data set that has some")
    if classes is None:
        classes = data.labels
    parts = []
    net = network_for(model, data)
    with net.evaluating():
        for start in range(0, len(data), batch_size):
            rows = np.arange(start, min(start + batch_size, len(data)))
            labels = torch.tensor(classes[rows]).to(model.device)
            # The maps need the gradient of the scores by the features alone, so the graph begins there.
            logits, features = net.with_head_graph(data.tensor(rows).to(model.device))
            maps = class_activation_map(logits, features, labels, classifier=model.linear_head)
            parts.append([tensor.detach().cpu().numpy() for tensor in (logits.softmax(1), maps)])
    probabilities, all_maps = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Predictions(probabilities, data.labels, all_maps)


def evaluate(model: Backbone, data: Prepared) -> dict[str, float]:
    """Every metric of `carekit.method.metrics.METRICS`, and of each class `recall_CLASS` and `precision_CLASS`.

    Attention is that of the true class's map in the true boxes of the rarest class's images, whatever boxes the model
    was trained with.
    """
    return measure(predict(model, data), data)


def measure(found: Predictions, data: Prepared) -> dict[str, float]:
    """What `evaluate` returns, of predictions on all images of `data`."""
    seen = judged(found, data)
    scores = {name: metric.function(seen) for name, metric in METRICS.items()}
    for kind, by_class in (("recall", seen.recalls), ("precision", seen.precisions)):
        scores |= {f"{kind}_{name}": float(value) for name, value in zip(data.classes, by_class, strict=True)}
    return scores


def judged(found: Predictions, data: Prepared) -> Judged:
    """Predictions as the metrics take them: maps and masks of the rarest class's boxed images, at the image's size."""
    rarest = data.classes.index(data.rare[0])
    rows = [int(i) for i in np.flatnonzero(found.labels == rarest) if len(data.boxes_of(i))]
    size = (data.size, data.size)
    m_in, large = np.zeros((len(rows), *size), np.uint8), np.zeros((len(rows), *size), np.float32)
    for place, i in enumerate(rows):
        m_in[place] = boxes.rasterise(data.checked_boxes(i), size)
    if rows:  # a map is enlarged to the image, as in training; none at all cannot be
        large[:] = resize(torch.from_numpy(found.maps[rows]), size).numpy()
    return Judged(found.probabilities, found.labels, rarest, large, m_in)
