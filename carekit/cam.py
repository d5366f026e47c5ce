"""Class activation maps from feature maps and logits (paper, Eqs. 1-3 and Algorithm 1).

Shapes: b images, n of them with a map, k channels, a feature map of u x v, an image of h x w, c classes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from carekit.names import one_of
from carekit.tables import Table

GRADIENTS = ("score", "loss")


def score_gradient(
    logits: Float[Tensor, "b c"],
    features: Float[Tensor, "b k u v"],
    classes: Int[Tensor, " b"],
    *,
    gradient_of: str = "score",
    second_order: bool = False,
) -> Float[Tensor, "b k u v"]:
    """∂y^c / ∂A^k_ij of each image's class c, by a backward pass through the head alone.

    Args:
        logits: scores y, before the softmax.
        features: the feature maps A that the logits were computed from, in the same forward pass.
        classes: the class c of each image.
        gradient_of: "score", or "loss" for that of the cross-entropy, as the paper's Algorithm 2 prints it: ∂L_c/∂y^c
            is negative, so the map then lights up where the class is denied.
        second_order: keep the gradient in the graph, so that a loss of the map can move the head as well.

    Raises:
        ValueError: where the logits do not depend on the features, or for an unknown `gradient_of`.
    """
    if one_of("gradient_of", gradient_of, GRADIENTS) == "score":
        target = logits.gather(1, classes[:, None]).sum()
    else:
        target = functional.cross_entropy(logits, classes, reduction="sum")
    try:
        (gradient,) = torch.autograd.grad(target, features, retain_graph=True, create_graph=second_order)
    except RuntimeError as error:
        raise ValueError(
            "the logits were not computed from these features with gradients on: "
            "take both from one forward pass, outside torch.no_grad()"
        ) from error
    return gradient


def channel_weights(
    logits: Float[Tensor, "b c"],
    features: Float[Tensor, "b k u v"],
    classes: Int[Tensor, " b"],
    *,
    gradient_of: str = "score",
    second_order: bool = False,
) -> Float[Tensor, "b k"]:
    """Grad-CAM's σ_k = (1/Z) Σ_ij ∂y^c / ∂A^k_ij, Eq. 2. Arguments and errors are those of `score_gradient`."""
    gradient = score_gradient(logits, features, classes, gradient_of=gradient_of, second_order=second_order)
    return gradient.mean((2, 3))  # (b, k, u, v) -> (b, k)


def linear_head_weights(
    classifier: nn.Linear, classes: Int[Tensor, " b"], area: int, *, second_order: bool = False
) -> Float[Tensor, "b k"]:
    """The same σ_k for global average pooling and one linear layer, where it is W[c, k] / Z: no backward pass."""
    weight = classifier.weight if second_order else classifier.weight.detach()
    return weight[classes] / area


def activation_map(features: Float[Tensor, "b k u v"], weights: Float[Tensor, "b k"]) -> Float[Tensor, "b u v"]:
    """F^c = Σ_k σ_k A^k, Eq. 3, in 32 bits."""
    return torch.einsum("bk,bkuv->buv", weights.float(), features.float())


def grad_cam(features: Float[Tensor, "n k u v"], gradient: Float[Tensor, "n k #u #v"]) -> Float[Tensor, "n u v"]:
    """Σ_k σ_k A^k with σ the mean of the gradient over all positions, as the paper has it (Eqs. 2 and 3)."""
    return activation_map(features, gradient.mean((2, 3)))


def grad_cam_relu(features: Float[Tensor, "n k u v"], gradient: Float[Tensor, "n k #u #v"]) -> Float[Tensor, "n u v"]:
    """The positive part of `grad_cam`, as Grad-CAM's own paper has it (Selvaraju et al. 2017)."""
    return grad_cam(features, gradient).relu()


class Map(NamedTuple):
    """One way to make a map.

    label: its name for people. function: features A (n, k, u, v) and the gradient of the class's score by A -> a map
    (n, u, v), not normalised. The gradient is (n, k, u, v), or (n, k, 1, 1) where it is the same at all positions.
    """

    label: str
    function: Callable[[Tensor, Tensor], Tensor]


MAPS = Table(
    "method",
    {
        "grad_cam": Map("Grad-CAM", grad_cam),
        "grad_cam_relu": Map("Grad-CAM with ReLU", grad_cam_relu),
    },
)


def normalise(maps: Float[Tensor, "b u v"]) -> Float[Tensor, "b u v"]:
    """Each map to [0, 1] by its own minimum and maximum (Algorithm 1); a constant map to zeros, gradient finite."""
    shifted = maps - maps.amin((1, 2), keepdim=True)
    span = shifted.amax((1, 2), keepdim=True)
    # A span below the rounding noise of the values is no pattern: dividing by it would only magnify the noise.
    constant = span <= 1e-6 * maps.detach().abs().amax((1, 2), keepdim=True)
    return torch.where(constant, 0.0, shifted / torch.where(constant, 1.0, span))


def resize(maps: Float[Tensor, "b u v"], size: tuple[int, int]) -> Float[Tensor, "b h w"]:
    """Bilinear resampling to the image's (height, width)."""
    return functional.interpolate(maps[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]


def class_activation_map(
    logits: Float[Tensor, "b c"],
    features: Float[Tensor, "b k u v"],
    classes: Int[Tensor, " b"],
    *,
    rows: Int[Tensor, " n"] | None = None,
    classifier: nn.Linear | None = None,
    method: str = "grad_cam",
    gradient_of: str = "score",
    second_order: bool = False,
) -> Float[Tensor, "n u v"]:
    """The normalised map of each image's class, Eqs. 2 and 3 and Algorithm 1 before its resizing, in [0, 1].

    Gradients of the result flow into the features, and into σ only with `second_order`.

    Args:
        logits, features, classes, gradient_of, second_order: see `score_gradient`.
        rows: make maps of these images of the batch only; None makes them of all.
        classifier: for a head that is global average pooling and this linear layer; it saves the backward pass, and
            the map is the same.
        method: a name of `MAPS`.

    Raises:
        ValueError: as `score_gradient`, and for an unknown `method`.
    """
    rows = torch.arange(len(classes), device=classes.device) if rows is None else rows
    make = MAPS.named(method).function
    if classifier is not None and one_of("gradient_of", gradient_of, GRADIENTS) == "score":
        area = features.shape[2] * features.shape[3]
        weights = linear_head_weights(classifier, classes[rows], area, second_order=second_order)
        gradient = weights[:, :, None, None]  # (n, k) -> (n, k, 1, 1)
    else:
        gradient = score_gradient(logits, features, classes, gradient_of=gradient_of, second_order=second_order)[rows]
    return normalise(make(features[rows], gradient))


@contextmanager
def feature_maps(layer: nn.Module) -> Iterator[list[Tensor]]:
    """Record what `layer` puts out: `with feature_maps(model.layer4) as maps: logits = model(x)`, then `maps[-1]`.

    The hook is removed on leaving, whatever happens inside.
    """
    recorded: list[Tensor] = []
    handle = layer.register_forward_hook(lambda _module, _inputs, output: recorded.append(output))
    try:
        yield recorded
    finally:
        handle.remove()
