"""What models make of images that are painted on: the numbers of the ink explorer."""

import base64
import binascii
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8

from carekit.data.batches import to_unit
from carekit.method.cam import activation_map
from carekit.networks import Backbone


class Answers(NamedTuple):
    """Of n images: class probabilities, and where the rarest class's score comes from, see `forward_pass`."""

    probabilities: Float[np.ndarray, "n c"]
    maps: Float[np.ndarray, "n u v"]


def forward_pass(model: Backbone, images: UInt8[np.ndarray, "n s s 3"], rarest: int) -> Answers:
    """What a model says of images, and what at each place speaks for the class `rarest` (above 0) or against it.

    A softmax sees differences only, so the map is Grad-CAM's (Eqs. 2 and 3) of the class's score less the mean of all
    classes' scores, times the number of places: behind a linear head its mean is that difference, less the biases'.
    """
    unit = to_unit(torch.from_numpy(images).permute(0, 3, 1, 2))  # (n, s, s, 3) -> (n, 3, s, s)
    with model.evaluating():
        logits, features = model.with_head_graph(unit.to(model.mean.device))
    margin = logits[:, rarest] - logits.mean(1)
    (gradient,) = torch.autograd.grad(margin.sum(), features)
    maps = activation_map(features, gradient.sum((2, 3)))  # sum: the mean times the number of places
    return Answers(logits.softmax(1).detach().cpu().numpy(), maps.detach().cpu().numpy())


def painted(question: dict, size: int) -> UInt8[np.ndarray, "1 s s 3"]:
    """The image that the browser sends. Raises ValueError for what is none of `size` x `size` pixels."""
    try:
        pixels = np.frombuffer(base64.b64decode(question.get("pixels") or "", validate=True), np.uint8)
        return pixels.reshape(1, size, size, 3).copy()
    except (binascii.Error, TypeError, ValueError):
        raise ValueError(f"the painted image is not one of {size} x {size} pixels in colour: paint it again") from None


def first_of_all_classes(labels: np.ndarray, rarest: int, most: int) -> np.ndarray:
    """Rows chosen by rule and not by outcome: the first image of each class, the rarest last, then the second, ..."""
    place = np.zeros(len(labels), int)
    for label in np.unique(labels):
        of_class = labels == label
        place[of_class] = np.arange(of_class.sum())
    order = np.lexsort((labels, labels == rarest, place))
    return order[:most]
