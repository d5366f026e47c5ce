"""What a model makes of an image, channel by channel: the numbers of the attention explorer."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from carekit import metrics
from carekit.backbones import Backbone
from carekit.cam import activation_map, channel_weights, linear_head_weights, normalise, resize
from carekit.data.prepared import Prepared

CAM, GRAD, RELU, LOSS = METHODS = ("CAM", "Grad-CAM", "Grad-CAM with ReLU", "of the loss (Algorithm 2)")


class Seen(NamedTuple):
    """Of one image: logits, feature maps A, and σ_k of the score of every class."""

    logits: Float[np.ndarray, " c"]
    features: Float[np.ndarray, "k u v"]
    weights: Float[np.ndarray, "c k"]


def look(model: Backbone, data: Prepared, rows) -> list[Seen]:
    """Run the model over images `rows` of the data, in evaluation mode."""
    images = data.tensor(rows).to(model.mean.device)
    with model.evaluating():
        logits, features = model.with_head_graph(images)
    classes = torch.arange(model.n_classes, device=images.device)
    if model.linear_head is not None:
        weights = linear_head_weights(model.linear_head, classes, features.shape[2] * features.shape[3])
        weights = weights.expand(len(images), -1, -1)
    else:
        weights = torch.stack([channel_weights(logits, features, c.expand(len(images))) for c in classes], 1)
    parts = (part.detach().float().cpu().numpy() for part in (logits, features, weights))
    return [Seen(*each) for each in zip(*parts, strict=True)]


def class_index(shown: str, classes: list[str], label: int, seen: Seen) -> int:
    """The class that "true", "predicted" or a name means for an image."""
    if shown == "true":
        return label
    return int(seen.logits.argmax()) if shown == "predicted" else classes.index(shown)


def probabilities(logits: Float[np.ndarray, " c"]) -> Float[np.ndarray, " c"]:
    """The softmax, in 64 bits."""
    powers = np.exp(logits.astype(float) - logits.max())
    return powers / powers.sum()


def sigma(seen: Seen, index: int, method: str) -> Float[np.ndarray, " k"]:
    """The channel weights σ_k of class `index` by one of METHODS."""
    if method != LOSS:
        return seen.weights[index]
    descent = probabilities(seen.logits) - np.eye(len(seen.logits))[index]  # ∂L_c / ∂y
    return (descent @ seen.weights).astype(np.float32)


def channel_order(weights: Float[np.ndarray, " k"], features: Float[np.ndarray, "k u v"]):
    """(channels, strongest first; their contributions |σ_k| Σ_ij |A^k_ij| in that order)."""
    contributions = np.abs(weights.astype(float)) * np.abs(features.astype(float)).sum((1, 2))
    order = np.argsort(-contributions, kind="stable")
    return order, contributions[order]


def partial_map(seen: Seen, weights: Float[np.ndarray, " k"], method: str, channels=slice(None)) -> Tensor:
    """Σ_k σ_k A^k over some channels, (1, u, v), not normalised."""
    features, weights = torch.from_numpy(seen.features[channels]), torch.from_numpy(weights[channels])
    whole = activation_map(features[None], weights[None])
    return whole.relu() if method == RELU else whole


def measure(
    seen: Seen, m_in: np.ndarray, index: int, method: str = GRAD, threshold: float = 0.5, channels: int | None = None
) -> dict[str, float]:
    """The explorer's numbers for the class `index`, one of METHODS, and its strongest `channels` (None: all).

    Of the normalised map, enlarged to m_in (s, s): `inside` the boxes and `uniform`, what a map without preference has
    (NaN without a box); the share `above` the threshold; `row` and `column` of the peak among (u, v). `correlation` of
    the chosen channels' sum with the whole map, and their share `contribution`; `score_map` is the correlation of the
    whole map with that of the score. Correlations with a constant map are NaN.
    """
    weights = sigma(seen, index, method)
    order, contributions = channel_order(weights, seen.features)
    whole = partial_map(seen, weights, method)
    map_ = normalise(whole)
    large = resize(map_, m_in.shape)[0].numpy()
    row, column = np.unravel_index(map_[0].argmax().item(), map_.shape[1:])
    inside, uniform = float(metrics.attention_inside(large[None], m_in[None])[0]), float(m_in.mean())
    return {
        "probability": float(probabilities(seen.logits)[index]),
        "inside": inside if uniform else float("nan"),
        "uniform": uniform or float("nan"),
        "row": int(row),
        "column": int(column),
        "above": float((large >= threshold).mean()),
        "correlation": correlation(partial_map(seen, weights, method, order[:channels]), whole),
        "contribution": float(contributions[:channels].sum() / (contributions.sum() or 1)),
        "score_map": correlation(whole, partial_map(seen, seen.weights[index], GRAD)),
    }


def correlation(a: Tensor, b: Tensor) -> float:
    """Pearson's correlation of two maps; NaN where one is constant."""
    if not (normalise(a).any() and normalise(b).any()):
        return float("nan")
    a, b = (each.double() - each.double().mean() for each in (a, b))
    return float((a * b).sum() / (a.square().sum() * b.square().sum()).sqrt())


def words(numbers: dict[str, float], about: str, threshold: float, channels: int, of: int) -> str:
    """The numbers in sentences; `about` names image, class and method."""
    start = f"{about}: probability {numbers['probability']:.2f}."
    if np.isnan(numbers["score_map"]):
        return f"{start} The map is constant: it shows nothing."
    box = "This image has no box"
    if not np.isnan(numbers["uniform"]):
        box = f"Attention inside the box {numbers['inside']:.2f}, without preference {numbers['uniform']:.2f}"
    part = f"{channels} of {of} channels make {numbers['contribution']:.2f} of it"
    if not np.isnan(numbers["correlation"]):
        part += f" and correlate {numbers['correlation']:.3f} with it"
    differs = numbers["score_map"] < 0.9995
    other = f" Correlation with the map of the score: {numbers['score_map']:.3f}." if differs else ""
    return (
        f"{start} {box}; brightest at row {numbers['row']}, column {numbers['column']} of the map; "
        f"{numbers['above']:.3f} of the image is above {threshold:.2f}. {part}.{other}"
    )
