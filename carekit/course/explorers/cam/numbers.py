"""What a model makes of an image, channel by channel: the numbers of the explorer of class activation maps."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from torch import Tensor

from carekit.data.prepared import Prepared
from carekit.method import metrics
from carekit.method.cam import MAPS, activation_map, linear_head_weights, normalise, resize
from carekit.networks import Backbone

CAM, GRAD_CAM, GRAD_CAM_RELU, LOSS = "cam", "grad_cam", "grad_cam_relu", "loss"


class Formula(NamedTuple):
    """A map that is Σ_k σ_k A^k, with σ of the score or of the loss; with `relu` its positive part."""

    of_loss: bool = False
    relu: bool = False


# The same as FORMULAS in static/cam_numbers.js: of these the browser adds up the channels by itself.
FORMULAS = {CAM: Formula(), GRAD_CAM: Formula(), GRAD_CAM_RELU: Formula(relu=True), LOSS: Formula(of_loss=True)}


def methods_of(model: Backbone) -> dict[str, str]:
    """The maps that can be chosen for a model, {key: label}: CAM for a linear head, all MAPS, and that of the loss."""
    linear = {CAM: "CAM"} if model.linear_head is not None else {}
    return linear | {key: each.label for key, each in MAPS.items()} | {LOSS: "of the loss (Algorithm 2)"}


class Seen(NamedTuple):
    """Of one image: logits, feature maps A, σ_k of every class's score, and raw maps of methods without a formula."""

    logits: Float[np.ndarray, " c"]
    features: Float[np.ndarray, "k u v"]
    weights: Float[np.ndarray, "c k"]
    maps: dict[str, Float[np.ndarray, "c u v"]]


def look(model: Backbone, data: Prepared, rows: ArrayLike) -> list[Seen]:
    """Run the model over images `rows` of the data, in evaluation mode."""
    images = data.tensor(np.asarray(rows)).to(model.mean.device)
    with model.evaluating():
        logits, features = model.with_head_graph(images)
    weights: list[Tensor] = []
    maps: dict[str, list[Tensor]] = {key: [] for key in MAPS if key not in FORMULAS}
    for gradient in _gradients(model, logits, features):
        weights.append(gradient.mean((2, 3)))  # (n, k, u, v) -> (n, k)
        for key, found in maps.items():
            found.append(MAPS[key].function(features, gradient))
    all_logits, all_features = _array(logits), _array(features)
    all_weights = _array(torch.stack(weights, 1))  # (n, c, k)
    all_maps = {key: _array(torch.stack(found, 1)) for key, found in maps.items()}  # (n, c, u, v)
    return [
        Seen(all_logits[i], all_features[i], all_weights[i], {key: each[i] for key, each in all_maps.items()})
        for i in range(len(images))
    ]


def _gradients(model: Backbone, logits: Tensor, features: Tensor) -> Iterator[Float[Tensor, "n k #u #v"]]:
    """∂y^c / ∂A of one class after the other; a linear head's is the same everywhere, and needs no backward pass."""
    n, _, u, v = features.shape
    for c in range(model.n_classes):
        if model.linear_head is None:
            yield torch.autograd.grad(logits[:, c].sum(), features, retain_graph=True)[0]
        else:
            of_all = linear_head_weights(model.linear_head, torch.full((n,), c, device=features.device), u * v)
            yield of_all[:, :, None, None]  # (n, k) -> (n, k, 1, 1)


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().float().cpu().numpy()


def class_index(shown: str, classes: list[str], label: int, seen: Seen) -> int:
    """The class that "true", "predicted" or a name means for an image."""
    if shown == "true":
        return label
    return int(seen.logits.argmax()) if shown == "predicted" else classes.index(shown)


def probabilities(logits: Float[np.ndarray, " c"]) -> Float[np.ndarray, " c"]:
    """The softmax, in 64 bits."""
    powers = np.exp(logits.astype(float) - logits.max())
    return powers / powers.sum()


def sigma(seen: Seen, index: int, method: str = GRAD_CAM) -> Float[np.ndarray, " k"]:
    """The channel weights σ_k of class `index` by a method that has a formula."""
    if not FORMULAS[method].of_loss:
        return seen.weights[index]
    descent = probabilities(seen.logits) - np.eye(len(seen.logits))[index]  # ∂L_c / ∂y
    return (descent @ seen.weights).astype(np.float32)


def channel_order(
    weights: Float[np.ndarray, " k"], features: Float[np.ndarray, "k u v"]
) -> tuple[Int[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """(channels, strongest first; their contributions |σ_k| Σ_ij |A^k_ij| in that order)."""
    contributions = np.abs(weights.astype(float)) * np.abs(features.astype(float)).sum((1, 2))
    order = np.argsort(-contributions, kind="stable")
    return order, contributions[order]


def whole_map(seen: Seen, index: int, method: str = GRAD_CAM) -> Float[Tensor, "1 u v"]:
    """The map of class `index`, not normalised."""
    if method in FORMULAS:
        return partial_map(seen, index, method)
    return torch.from_numpy(seen.maps[method][index])[None]


def partial_map(
    seen: Seen, index: int, method: str = GRAD_CAM, channels: slice | np.ndarray = slice(None)
) -> Float[Tensor, "1 u v"]:
    """Σ_k σ_k A^k over some channels, not normalised."""
    features = torch.from_numpy(seen.features[channels])
    weights = torch.from_numpy(sigma(seen, index, method)[channels])
    whole = activation_map(features[None], weights[None])
    return whole.relu() if FORMULAS[method].relu else whole


def measure(
    seen: Seen,
    m_in: np.ndarray,
    index: int,
    method: str = GRAD_CAM,
    threshold: float = 0.5,
    channels: int | None = None,
) -> dict[str, float]:
    """The explorer's numbers for the class `index`, a method, and its strongest `channels` (None: all).

    Of the normalised map, enlarged to m_in (s, s): `inside` the boxes and `uniform`, what a map without preference has
    (NaN without a box); the share `above` the threshold; `row` and `column` of the peak among (u, v). `correlation` of
    the chosen channels' sum with the whole map, and their share `contribution`, both NaN for a map that is not a sum of
    channels; `score_map` is the correlation of the whole map with Grad-CAM's of the score. Correlations with a constant
    map are NaN.
    """
    whole = whole_map(seen, index, method)
    map_ = normalise(whole)
    large = resize(map_, m_in.shape)[0].numpy()
    row, column = np.unravel_index(int(map_[0].argmax()), map_.shape[1:])
    inside, uniform = float(metrics.attention_inside(large[None], m_in[None])[0]), float(m_in.mean())
    return {
        "probability": float(probabilities(seen.logits)[index]),
        "inside": inside if uniform else float("nan"),
        "uniform": uniform or float("nan"),
        "row": int(row),
        "column": int(column),
        "above": float((large >= threshold).mean()),
        **_added(seen, index, method, channels, whole),
        "score_map": correlation(whole, partial_map(seen, index)),
    }


def _added(seen: Seen, index: int, method: str, channels: int | None, whole: Tensor) -> dict[str, float]:
    if method not in FORMULAS:
        return {"correlation": float("nan"), "contribution": float("nan")}
    order, contributions = channel_order(sigma(seen, index, method), seen.features)
    return {
        "correlation": correlation(partial_map(seen, index, method, order[:channels]), whole),
        "contribution": float(contributions[:channels].sum() / (contributions.sum() or 1)),
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
        box = f"Share of attention inside the box {numbers['inside']:.2f}, without preference {numbers['uniform']:.2f}"
    differs = numbers["score_map"] < 0.9995
    other = f" Correlation with the map of the score: {numbers['score_map']:.3f}." if differs else ""
    part = _words_of_channels(numbers, channels, of)
    return (
        f"{start} {box}; brightest at row {numbers['row']}, column {numbers['column']} of the map; "
        f"{numbers['above']:.3f} of the image is above {threshold:.2f}. {part}{other}"
    )


def _words_of_channels(numbers: dict[str, float], channels: int, of: int) -> str:
    if np.isnan(numbers["contribution"]):
        return "This map is not a sum of channels, so none can be left out."
    part = f"{channels} of {of} channels make {numbers['contribution']:.2f} of it"
    if np.isnan(numbers["correlation"]):
        return f"{part}."
    return f"{part} and correlate {numbers['correlation']:.3f} with it."
