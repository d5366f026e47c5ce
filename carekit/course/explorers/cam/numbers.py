"""What a model makes of an image, channel by channel: what the browser adds class activation maps up from."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import ArrayLike
from torch import Tensor

from carekit.data.prepared import Prepared
from carekit.method.cam import MAPS, class_activation_map, linear_head_weights
from carekit.networks import Backbone

CAM, GRAD_CAM, GRAD_CAM_RELU, LOSS = "cam", "grad_cam", "grad_cam_relu", "loss"
# Σ_k σ_k A^k, with σ of the score or of the loss: of these the browser adds up the channels (static/cam/numbers.js).
SUMS = (CAM, GRAD_CAM, GRAD_CAM_RELU, LOSS)


def methods_of(model: Backbone) -> dict[str, str]:
    """The maps that can be chosen for a model, {key: label}: CAM for a linear head, all MAPS, and that of the loss."""
    labels = {key: map_.label for key, map_ in MAPS.items()} | {LOSS: "of the loss (Algorithm 2)"}
    if model.linear_head is None:
        return labels
    return {CAM: "CAM"} | labels


class ImageParts(NamedTuple):
    """Of one image: logits, feature maps A, σ_k of every class's score, and raw maps of the methods that are no sum."""

    logits: Float[np.ndarray, " c"]
    features: Float[np.ndarray, "k u v"]
    weights: Float[np.ndarray, "c k"]
    maps: dict[str, Float[np.ndarray, "c u v"]]


def forward_pass(model: Backbone, data: Prepared, rows: ArrayLike) -> list[ImageParts]:
    """Run the model over images `rows` of the data, in evaluation mode."""
    images = data.tensor(np.asarray(rows)).to(model.mean.device)
    with model.evaluating():
        logits, features = model.with_head_graph(images)
    weights: list[Tensor] = []
    maps: dict[str, list[Tensor]] = {key: [] for key in MAPS if key not in SUMS}
    for gradient in _gradients(model, logits, features):
        weights.append(gradient.mean((2, 3)))  # (n, k, u, v) -> (n, k)
        for key, of_classes in maps.items():
            of_classes.append(MAPS[key].function(features, gradient))  # (n, u, v)
    # Classes become the second axis: weights (n, c, k), maps (n, c, u, v).
    all_weights = _array(torch.stack(weights, 1))
    all_maps = {key: _array(torch.stack(of_classes, 1)) for key, of_classes in maps.items()}
    images_parts = []
    for i, parts in enumerate(zip(_array(logits), _array(features), all_weights, strict=True)):
        images_parts.append(ImageParts(*parts, {key: of_images[i] for key, of_images in all_maps.items()}))
    return images_parts


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


def normalised_map(
    model: Backbone, data: Prepared, row: int, shown: str, method: str
) -> tuple[int, float, Float[np.ndarray, "u v"]]:
    """(class, its probability, its map in [0, 1]) of one image; `shown` is "true", "predicted" or a class."""
    with model.evaluating():
        logits, features = model.with_head_graph(data.tensor(np.array([row])).to(model.mean.device))
    named = {"true": int(data.labels[row]), "predicted": int(logits.argmax())}
    label = named[shown] if shown in named else data.classes.index(shown)
    classes = torch.tensor([label], device=logits.device)
    if method == LOSS:
        maps = class_activation_map(logits, features, classes, gradient_of="loss")
    else:  # the map of CAM is that of Grad-CAM
        maps = class_activation_map(logits, features, classes, method={CAM: GRAD_CAM}.get(method, method))
    (map_,) = _array(maps)
    return label, float(logits.detach().double().softmax(1)[0, label]), map_
