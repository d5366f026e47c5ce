"""Class activation maps from feature maps and logits (paper, Eqs. 1-3 and Algorithm 1).

Shapes: b images, k channels, a feature map of u x v, an image of h x w, c classes.
"""

from contextlib import contextmanager

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional


def channel_weights(
    logits: Float[Tensor, "b c"],
    features: Float[Tensor, "b k u v"],
    classes: Int[Tensor, " b"],
    *,
    gradient_of: str = "score",
    second_order: bool = False,
) -> Float[Tensor, "b k"]:
    """Grad-CAM's σ_k = (1/Z) Σ_ij ∂y^c / ∂A^k_ij, Eq. 2, by a backward pass through the head alone.

    gradient_of="loss" differentiates the cross-entropy instead, as the paper's Algorithm 2 prints it: ∂L_c/∂y^c is
    negative, so the map then lights up where the class is denied. second_order keeps σ in the graph. Raises
    ValueError where the logits do not depend on the features.
    """
    if gradient_of == "score":
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
    return gradient.mean((2, 3))  # (b, k, u, v) -> (b, k)


def linear_head_weights(
    classifier: nn.Linear, classes: Int[Tensor, " b"], area: int, *, second_order: bool = False
) -> Float[Tensor, "b k"]:
    """The same σ_k for global average pooling and one linear layer, where it is W[c, k] / Z: no backward pass."""
    weight = classifier.weight if second_order else classifier.weight.detach()
    return weight[classes] / area


def activation_map(
    features: Float[Tensor, "b k u v"], weights: Float[Tensor, "b k"], *, relu: bool = False
) -> Float[Tensor, "b u v"]:
    """F^c = Σ_k σ_k A^k, Eq. 3, in 32 bits; with relu=True its positive part, as Grad-CAM's own paper has it."""
    maps = torch.einsum("bk,bkuv->buv", weights.float(), features.float())
    return maps.relu() if relu else maps


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
    gradient_of: str = "score",
    second_order: bool = False,
    relu: bool = False,
) -> Float[Tensor, "n u v"]:
    """The normalised map of each image's class, Eqs. 2 and 3 and Algorithm 1 before its resizing, in [0, 1].

    rows: make maps of these images of the batch only. classifier: for a head that is global average pooling and this
    linear layer, it saves the backward pass; the map is the same. Gradients of the result flow into the features, and
    into σ only with second_order. Raises ValueError as `channel_weights` does.
    """
    rows = torch.arange(len(classes), device=classes.device) if rows is None else rows
    if classifier is not None and gradient_of == "score":
        area = features.shape[2] * features.shape[3]
        weights = linear_head_weights(classifier, classes[rows], area, second_order=second_order)
    else:
        weights = channel_weights(logits, features, classes, gradient_of=gradient_of, second_order=second_order)
        weights = weights[rows]
    return normalise(activation_map(features[rows], weights, relu=relu))


@contextmanager
def feature_maps(layer: nn.Module):
    """Record what `layer` puts out: `with feature_maps(model.layer4) as maps: logits = model(x)`, then `maps[-1]`.

    The hook is removed on leaving, whatever happens inside.
    """
    recorded: list[Tensor] = []
    handle = layer.register_forward_hook(lambda _module, _inputs, output: recorded.append(output))
    try:
        yield recorded
    finally:
        handle.remove()
