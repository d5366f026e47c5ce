"""Experiments that a map is compared with: random weights, what covering a place costs, and what a mark changes."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from carekit.data.kept import KeptFeatures
from carekit.data.prepared import Prepared
from carekit.method.cam import raw_activation_map
from carekit.networks import Backbone, build
from carekit.research.setting.ink_pair import Pair, cells_of

PARTS = ("head", "trunk", "frozen")  # from the scores down to the image


def randomised(model: Backbone, parts: Sequence[str], seed: int = 0) -> Backbone:
    """A copy of the model in which some parts have the weights of a network that nobody has trained.

    Args:
        model: stays as it is.
        parts: of `PARTS`; "frozen" changes nothing in a network without frozen layers.
        seed: of the new weights.

    Raises:
        ValueError: for an unknown part.
    """
    if unknown := set(parts) - set(PARTS):
        raise ValueError(f"{', '.join(sorted(unknown))} is no part of a network: choose from {', '.join(PARTS)}")
    copied, fresh = deepcopy(model), build(model.name, model.n_classes, seed=seed)
    for part in parts:
        if getattr(model, part) is not None:
            getattr(copied, part).load_state_dict(getattr(fresh, part).state_dict())
    return copied.eval()


def raw_maps(
    model: Backbone, data: Prepared, classes: Int[np.ndarray, " n"], kept: KeptFeatures | None = None
) -> Float[np.ndarray, "n u v"]:
    """Grad-CAM before any normalising: votes for the class, and against it. Arguments as `maps_by_method`."""
    return maps_by_method(model, data, classes, ["grad_cam"], kept)["grad_cam"]


def maps_by_method(
    model: Backbone,
    data: Prepared,
    classes: Int[np.ndarray, " n"],
    methods: Sequence[str],
    kept: KeptFeatures | None = None,
) -> dict[str, Float[np.ndarray, "n u v"]]:
    """The maps of one class of each image by several methods, not normalised.

    Args:
        model: trained or not.
        data: its images, n in all.
        classes: the class of each image.
        methods: names of `carekit.method.cam.MAPS`.
        kept: the images' features behind the frozen layers of this model.

    Raises:
        ValueError: for an unknown method.
    """
    found: dict[str, list[np.ndarray]] = {method: [] for method in methods}
    with model.evaluating():
        for rows in np.array_split(np.arange(len(data)), -(-len(data) // 128)):
            images, early = (data.tensor(rows), None) if kept is None else (None, kept.read(rows))
            logits, features = model.with_head_graph(images, early=early)
            for method, parts in found.items():
                wanted = torch.tensor(classes[rows])
                maps = raw_activation_map(logits, features, wanted, classifier=model.linear_head, method=method)
                parts.append(maps.detach().numpy())
    return {method: np.concatenate(parts) for method, parts in found.items()}


def change_by_mark(
    model: Backbone, pair: Pair, shown: Bool[np.ndarray, "n h w"], label: int
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """How much a mark changes each image's votes for a class: in the cells that it touches, and in all others.

    With pooling and a linear layer behind the map, the two add up to the change of the score.

    Args:
        model: a trained model.
        pair: the images without and with the mark.
        shown: see `carekit.research.setting.ink_pair.check`.
        label: the class.
    """
    wanted = np.full(len(pair.clean), label)
    clean = raw_maps(model, pair.clean, wanted, kept=pair.kept_clean)
    change = raw_maps(model, pair.marked, wanted, kept=pair.kept_marked) - clean
    touched = cells_of(shown, change.shape[1:])
    return (change * touched).sum((1, 2)), (change * ~touched).sum((1, 2))


def score_of(model: Backbone, label: int) -> Callable[[np.ndarray], float]:
    """The model as a function: an image (h, w, 3) of 0 to 255 -> its score of one class."""

    def score(image: np.ndarray) -> float:
        tensor = torch.from_numpy(image.astype(np.float32) / 255).permute(2, 0, 1)[None]  # (h, w, 3) -> (1, 3, h, w)
        with model.evaluating(), torch.no_grad():
            return float(model(tensor).logits[0, label])

    return score


class Look(NamedTuple):
    """What one cell of a map depends on, in pixels of the image.

    outside: the share of its dependence that lies outside of the cell's own square. right, down: how far the middle of
    what it looks at lies from the middle of that square.
    """

    outside: float
    right: float
    down: float


def where_a_cell_looks(model: Backbone, images: Float[Tensor, "n 3 h w"]) -> Look:
    """What the middle cell of the maps depends on: the size of its features' gradient by the pixels, over all images.

    Args:
        model: trained or not.
        images: in [0, 1].
    """
    pixels = images.clone().requires_grad_()
    with model.evaluating():
        features = model.features(pixels)
    u, v = (length // 2 for length in features.shape[2:])
    (gradient,) = torch.autograd.grad(features[:, :, u, v].abs().sum(), pixels)
    weight = gradient.abs().sum((0, 1)).double().numpy()  # (n, 3, h, w) -> (h, w)
    weight /= weight.sum()
    side = [length / cells for length, cells in zip(weight.shape, features.shape[2:], strict=True)]
    top, left = round(u * side[0]), round(v * side[1])
    own = weight[top : round(top + side[0]), left : round(left + side[1])].sum()
    rows, columns = (np.arange(length) + 0.5 for length in weight.shape)
    down, right = weight.sum(1) @ rows - (u + 0.5) * side[0], weight.sum(0) @ columns - (v + 0.5) * side[1]
    return Look(float(1 - own), float(right), float(down))
