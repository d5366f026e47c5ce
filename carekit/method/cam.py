"""Class activation maps from feature maps and logits (paper, Eqs. 1-3 and Algorithm 1).

Shapes: b images, n of them with a map, k channels, a feature map of u x v, an image of h x w, c classes.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from carekit.ground.messages import one_of
from carekit.ground.registry import Registry
from carekit.method.batch_checks import check_head
from carekit.method.graph import batch_norm_between, gradients_of, joined, why_no_way

GRADIENTS = ("score", "loss")


def choice_of(classes: Int[Tensor, " b"], logits: Float[Tensor, "b c"]) -> Float[Tensor, "b c"]:
    """The weight of each column of the logits in the score of each image's class: 1 for the class, 0 elsewhere.

    One column is the score of class 1, and its negative the score of class 0: the weight is 1 or -1.

    Lesson 2.
    """
    if logits.shape[1] == 1:
        return (2 * classes - 1)[:, None].to(logits.dtype)  # (b,) -> (b, 1)
    return functional.one_hot(classes, logits.shape[1]).to(logits.dtype)


def scores_of(
    logits: Float[Tensor, "b c"], choice: Float[Tensor, "b c"], gradient_of: str = "score"
) -> Float[Tensor, " b"]:
    """What is differentiated for each image: its score Σ_c choice · y_c, or the cross-entropy of the chosen class.

    Raises ValueError for an unknown `gradient_of`, see `score_gradient`.

    Lesson 2.
    """
    if one_of("gradient_of", gradient_of, GRADIENTS) == "score":
        return (logits * choice).sum(1)
    if logits.shape[1] == 1:
        return -functional.logsigmoid(logits * choice)[:, 0]
    return -(logits.log_softmax(1) * choice).sum(1)


def gradient_of_each(
    scores: Float[Tensor, " b"],
    parts: Sequence[Tensor],
    rows: Int[Tensor, " n"],
    logits: Float[Tensor, "b c"],
    *,
    mixes: bool = False,
    second_order: bool = False,
) -> Float[Tensor, "n *axes"]:
    """∂ score / ∂A of the images at `rows`, by a backward pass from their scores to a layer's output A.

    Args:
        scores: what is differentiated, see `scores_of`.
        parts: the layer's output, in as many parts as the batch has run in.
        rows: of these images of the batch only.
        logits: what the scores were computed from, with their graph.
        mixes: a score may depend on other images of the batch too, so each is differentiated alone. A batch
            normalisation in training mode behind the layer is recognised without it.
        second_order: keep the gradient in the graph.

    Raises:
        ValueError: where the logits do not depend on all of the parts, with the cause.

    Lesson 2.
    """

    def of(target: Float[Tensor, ""]) -> Float[Tensor, "b *axes"]:
        gradients = gradients_of(target, parts, logits, second_order=second_order)
        connected = [gradient for gradient in gradients if gradient is not None]
        if len(connected) < len(gradients):
            raise ValueError(why_no_way(logits, parts[-1], None))
        return joined(connected, logits.device)

    if len(rows) and (mixes or batch_norm_between(logits, parts)):
        return torch.stack([of(scores[row])[row] for row in rows.tolist()])  # n times (...) -> (n, ...)
    # No image has a part in another one's score: the gradient of the sum is the gradient of each, in one pass.
    return of(scores[rows].sum())[rows]


def score_gradient(
    logits: Float[Tensor, "b c"],
    features: Float[Tensor, "b k u v"],
    classes: Int[Tensor, " b"],
    *,
    rows: Int[Tensor, " n"] | None = None,
    gradient_of: str = "score",
    second_order: bool = False,
) -> Float[Tensor, "n k u v"]:
    """∂y^c / ∂A^k_ij of each image's class c, by a backward pass through the head alone.

    Args:
        logits: scores y, before the softmax; of one column, class 1 is the logit and class 0 its negative.
        features: the feature maps A that the logits were computed from, in the same forward pass.
        classes: the class c of each image.
        rows: of these images of the batch only; None is all.
        gradient_of: "score", or "loss" for that of the cross-entropy, as the paper's Algorithm 2 prints it: ∂L_c/∂y^c
            is negative, so the map then lights up where the class is denied.
        second_order: keep the gradient in the graph, so that a loss of the map can move the head as well.

    Raises:
        ValueError: where the logits do not depend on the features, with the cause, or for an unknown `gradient_of`.

    Lesson 2, Eq. 2.
    """
    if rows is None:
        rows = torch.arange(len(classes), device=classes.device)
    with torch.enable_grad():
        scores = scores_of(logits, choice_of(classes, logits), gradient_of)
        return gradient_of_each(scores, [features], rows, logits, second_order=second_order)


def channel_weights(
    logits: Float[Tensor, "b c"],
    features: Float[Tensor, "b k u v"],
    classes: Int[Tensor, " b"],
    *,
    gradient_of: str = "score",
    second_order: bool = False,
) -> Float[Tensor, "b k"]:
    """Grad-CAM's σ_k = (1/Z) Σ_ij ∂y^c / ∂A^k_ij, Eq. 2. Arguments and errors are those of `score_gradient`.

    Lesson 2, Eq. 2.
    """
    gradient = score_gradient(logits, features, classes, gradient_of=gradient_of, second_order=second_order)
    return gradient.mean((2, 3))  # (b, k, u, v) -> (b, k)


def linear_head_weights(
    classifier: nn.Linear, classes: Int[Tensor, " b"], area: int, *, second_order: bool = False
) -> Float[Tensor, "b k"]:
    """The same σ_k for global average pooling and one linear layer, where it is W[c, k] / Z: no backward pass.

    Lesson 2, Eq. 2.
    """
    weight = classifier.weight if second_order else classifier.weight.detach()
    return weight[classes] / area  # (c, k) -> (b, k)


def activation_map(features: Float[Tensor, "b k u v"], weights: Float[Tensor, "b k"]) -> Float[Tensor, "b u v"]:
    """F^c = Σ_k σ_k A^k, Eq. 3, in 32 bits. Lesson 2, Eq. 3."""
    return torch.einsum("bk,bkuv->buv", weights.float(), features.float())


def grad_cam(features: Float[Tensor, "n k u v"], gradient: Float[Tensor, "n k #u #v"]) -> Float[Tensor, "n u v"]:
    """Σ_k σ_k A^k with σ the mean of the gradient over all positions, as the paper has it (Eqs. 2 and 3).

    Lesson 2, Eqs. 2 and 3.
    """
    return activation_map(features, gradient.mean((2, 3)))


def grad_cam_relu(features: Float[Tensor, "n k u v"], gradient: Float[Tensor, "n k #u #v"]) -> Float[Tensor, "n u v"]:
    """The positive part of `grad_cam`, as Grad-CAM's own paper has it (Selvaraju et al. 2017). Lesson 8."""
    return grad_cam(features, gradient).relu()


def hires_cam(features: Float[Tensor, "n k u v"], gradient: Float[Tensor, "n k #u #v"]) -> Float[Tensor, "n u v"]:
    """Σ_k ∂y/∂A^k_ij A^k_ij: each position counts by its own gradient, not by the mean (Draelos and Carin 2020).

    Lesson 8.
    """
    return (gradient.float() * features.float()).sum(1)  # (n, k, u, v) -> (n, u, v)


def layer_cam(features: Float[Tensor, "n k u v"], gradient: Float[Tensor, "n k #u #v"]) -> Float[Tensor, "n u v"]:
    """Σ_k ReLU(∂y/∂A^k_ij) A^k_ij: what speaks against the class is left out, so early layers work (Jiang et al. 2021).

    The last ReLU of its paper changes nothing behind a ReLU layer and is left out, as for Grad-CAM.

    Lesson 8.
    """
    return hires_cam(features, gradient.relu())


def grad_cam_pp(features: Float[Tensor, "n k u v"], gradient: Float[Tensor, "n k #u #v"]) -> Float[Tensor, "n u v"]:
    """Grad-CAM++: Σ_k w_k A^k with w_k = Σ_ij α^k_ij ReLU(g^k_ij) (Chattopadhay et al. 2018, Eqs. 7 and 19).

    α = g² / (2 g² + g³ Σ_ab A^k_ab), which is 1 / (2 + g Σ_ab A^k_ab) where g counts at all. The weights are
    constants of a step unless the gradient has a graph. Feature maps below zero could bring the denominator to zero: it
    is kept at 1 or above, where those behind a ReLU layer have 2 or more.

    Lesson 8.
    """
    area = features.shape[2] * features.shape[3]
    total = features.float().sum((2, 3), keepdim=True)  # (n, k, u, v) -> (n, k, 1, 1)
    if not gradient.requires_grad:
        total = total.detach()
    positive = gradient.float().relu()
    shares = positive / (2 + positive * total).clamp(min=1)  # α ReLU(g), (n, k, u, v)
    return activation_map(features, shares.mean((2, 3)) * area)


class Map(NamedTuple):
    """One way to make a map.

    label: its name for people. function: features A (n, k, u, v) and the gradient of the class's score by A -> a map
    (n, u, v), not normalised. The gradient is (n, k, u, v), or (n, k, 1, 1) where it is the same at all positions.

    Lesson 8.
    """

    label: str
    function: Callable[[Tensor, Tensor], Tensor]


MAPS = Registry(
    "method",
    {
        "grad_cam": Map("Grad-CAM", grad_cam),
        "grad_cam_relu": Map("Grad-CAM with ReLU", grad_cam_relu),
        "hires_cam": Map("HiResCAM", hires_cam),
        "layer_cam": Map("LayerCAM", layer_cam),
        "grad_cam_pp": Map("Grad-CAM++", grad_cam_pp),
    },
)


def normalise(maps: Float[Tensor, "b u v"]) -> Float[Tensor, "b u v"]:
    """Each map to [0, 1] by its own minimum and maximum (Algorithm 1); a constant map to zeros, gradient finite.

    Lesson 2.
    """
    shifted = maps - maps.amin((1, 2), keepdim=True)
    span = shifted.amax((1, 2), keepdim=True)
    # A span below the rounding noise of the values is no pattern: dividing by it would only magnify the noise.
    constant = span <= 1e-6 * maps.detach().abs().amax((1, 2), keepdim=True)
    return torch.where(constant, 0.0, shifted / torch.where(constant, 1.0, span))


def resize(maps: Float[Tensor, "b u v"], size: tuple[int, int]) -> Float[Tensor, "b h w"]:
    """Bilinear resampling to the image's (height, width). Lesson 2."""
    return functional.interpolate(maps[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]


def raw_activation_map(
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
    """What `class_activation_map` normalises: the map as Eq. 3 gives it, of any sign and size. Arguments as there.

    Lesson 2, Eqs. 2 and 3.
    """
    if rows is None:
        rows = torch.arange(len(classes), device=classes.device)
    make = MAPS.named(method).function
    if classifier is not None:
        check_head(classifier, features, logits)
    if classifier is not None and logits.shape[1] > 1 and one_of("gradient_of", gradient_of, GRADIENTS) == "score":
        area = features.shape[2] * features.shape[3]
        weights = linear_head_weights(classifier, classes[rows], area, second_order=second_order)
        gradient = weights[:, :, None, None]  # (n, k) -> (n, k, 1, 1)
    else:
        gradient = score_gradient(
            logits, features, classes, rows=rows, gradient_of=gradient_of, second_order=second_order
        )
    return make(features[rows], gradient)


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
        logits, features, classes, gradient_of, second_order: see `score_gradient`. The features may be those of any
            layer, where `classifier` is None.
        rows: make maps of these images of the batch only; None makes them of all.
        classifier: for a head that is global average pooling and this linear layer; it saves the backward pass, and
            the map is the same.
        method: a name of `MAPS`.

    Raises:
        ValueError: as `score_gradient`, and for an unknown `method`.

    Lesson 2, Eqs. 2 and 3.
    """
    maps = raw_activation_map(
        logits,
        features,
        classes,
        rows=rows,
        classifier=classifier,
        method=method,
        gradient_of=gradient_of,
        second_order=second_order,
    )
    return normalise(maps)


class Recorded(list[Tensor]):
    """What a layer put out last; asking for it where the layer did not run is answered by a sentence. Lesson 8."""

    def __getitem__(self, place: Any) -> Any:
        if not self:
            raise ValueError(
                "the layer did not run, so there are no maps: choose one that the model calls (not a ModuleList), and "
                "start recording before the model is compiled"
            )
        return super().__getitem__(place)


@contextmanager
def feature_maps(layer: nn.Module | str) -> Iterator[Recorded]:
    """Record what `layer` puts out: `with feature_maps(model.layer4) as maps: logits = model(x)`, then `maps[-1]`.

    Only the last output is kept, and no operation in place behind the layer reaches it. The hook is removed on
    leaving, whatever happens inside. Raises ValueError for a layer that is no module.

    Lesson 8.
    """
    if not isinstance(layer, nn.Module):
        raise ValueError(f"layer is {layer!r}, not a module: give model.get_submodule({str(layer)!r})")
    recorded = Recorded()

    def keep(_module: nn.Module, _inputs: Any, output: Any) -> Tensor | None:
        recorded[:] = [output]
        # What works in place behind the layer gets a copy.
        return output.clone() if isinstance(output, Tensor) else None

    handle = layer.register_forward_hook(keep)
    try:
        yield recorded
    finally:
        handle.remove()
