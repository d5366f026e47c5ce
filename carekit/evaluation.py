"""A model on a test set: probabilities, true-class maps of the boxed images, and the figures of the paper."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int

from carekit import boxes, metrics
from carekit.cam import class_activation_map, resize
from carekit.data.batches import to_unit
from carekit.data.prepared import Prepared
from carekit.models import Backbone


@dataclass(frozen=True)
class Predictions:
    """Of n images: class probabilities (n, c), labels, and of each image the true class's map (n, u, v) in [0, 1]."""

    probabilities: Float[np.ndarray, "n c"]
    labels: Int[np.ndarray, " n"]
    maps: Float[np.ndarray, "n u v"]


def predict(model: Backbone, data: Prepared, *, batch_size: int = 128, device: str = "cpu") -> Predictions:
    """Run the model over all images of `data`, in evaluation mode."""
    was_training = model.training
    model.to(device).eval()
    parts = []
    for start in range(0, len(data), batch_size):
        rows = np.arange(start, min(start + batch_size, len(data)))
        images = to_unit(torch.from_numpy(data.read(rows)).permute(0, 3, 1, 2).to(device))
        labels = torch.tensor(data.labels[rows]).to(device)
        parts.append([part.cpu().numpy() for part in _predict_batch(model, images, labels)])
    model.train(was_training)
    probabilities, maps = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Predictions(probabilities, data.labels, maps)


def _predict_batch(model: Backbone, images, labels):
    with torch.no_grad():
        features = model.trunk((images - model.mean) / model.std)
    features.requires_grad_()  # the head alone needs a graph
    logits = model.head(features)
    maps = class_activation_map(logits, features, labels, classifier=model.linear_head)
    return logits.detach().softmax(1), maps.detach()


def evaluate(model: Backbone, data: Prepared, *, device: str = "cpu") -> dict[str, float]:
    """MCA, mean AUC, recall of the rarest class and of each class, and attention in the rarest class's boxes.

    `attention_inside` is the share of the true class's map inside the box, a mean over the rarest class's images;
    `attention_uniform` is what a map without any preference would score; `pointing` is the pointing game.
    """
    return figures(predict(model, data, device=device), data)


def figures(found: Predictions, data: Prepared) -> dict[str, float]:
    """The figures of `evaluate`, of predictions on all images of `data`."""
    predicted = found.probabilities.argmax(1)
    each = metrics.recalls(found.labels, predicted, len(data.classes))
    rarest = data.classes.index(data.rare[0])
    result = {
        "mca": metrics.mean_class_accuracy(found.labels, predicted, len(data.classes)),
        "auc": metrics.mean_auc(found.labels, found.probabilities),
        "accuracy": float((predicted == found.labels).mean()),
        "rare_recall": float(each[rarest]),
    }
    result |= attention(found.maps, data, np.flatnonzero(found.labels == rarest))
    return result | {f"recall_{name}": float(value) for name, value in zip(data.classes, each, strict=True)}


def attention(maps: Float[np.ndarray, "n u v"], data: Prepared, rows) -> dict[str, float]:
    """Attention of the images at `rows` against their boxes; NaN where none has a box."""
    rows = [int(i) for i in rows if len(data.boxes_of(i))]
    if not rows:
        return dict.fromkeys(("attention_inside", "attention_uniform", "pointing"), float("nan"))
    size = (data.size, data.size)
    m_in = np.stack([boxes.rasterise(boxes.check(data.boxes_of(i), size), size) for i in rows])
    large = resize(torch.from_numpy(maps[rows]), size).numpy()
    # A map that is zero everywhere attends nowhere: it scores 0, it is not left out.
    return {
        "attention_inside": float(np.nan_to_num(metrics.attention_inside(large, m_in)).mean()),
        "attention_uniform": float(m_in.mean()),
        "pointing": float(np.nan_to_num(metrics.pointing_game(large, m_in)).mean()),
    }
