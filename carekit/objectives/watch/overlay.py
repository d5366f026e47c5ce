"""A map over its image, for looking; needs nothing to draw with."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from carekit.method.box_input import read_boxes
from carekit.method.boxes import check
from carekit.method.cam import resize

# Nine colours of matplotlib's inferno: as light as the value is high, also in grey and for the colour-blind.
_COLOURS = (
    (0, 0, 4),
    (32, 12, 74),
    (87, 16, 110),
    (136, 34, 106),
    (187, 55, 84),
    (227, 89, 51),
    (249, 140, 10),
    (249, 201, 50),
    (252, 255, 164),
)
_BOX = (255, 255, 255)


def overlay(
    image: Any, map_: Any, boxes: Any = None, *, strength: float = 0.6, format: str | None = None
) -> UInt8[np.ndarray, "h w 3"]:
    """A picture (h, w, 3) of the map in colour over the image in grey, with its boxes as white frames.

    Args:
        image: (3, h, w), (1, h, w), (h, w, 3) or (h, w); whole numbers to 255, or any others, which are stretched from
            their lowest to their highest (so a normalised image is shown too).
        map_: (u, v) in [0, 1], such as `care.maps(logits)[0]`.
        boxes: the image's boxes, as in a call of `Watched`.
        strength: how much of the colour there is, in [0, 1].
        format: of boxes that do not carry their own.

    Raises:
        ValueError: for an image or map of another shape, and boxes that are wrong.

    Lesson 2.
    """
    grey = _grey(_array(image))
    values = torch.as_tensor(_array(map_), dtype=torch.float32)
    if values.ndim != 2:
        raise ValueError(f"the map has the shape {tuple(values.shape)}: give one map (u, v)")
    large = resize(values[None], grey.shape)[0].clamp(0, 1).numpy()  # (u, v) -> (h, w)
    places = np.linspace(0, 1, len(_COLOURS))
    colour = np.stack([np.interp(large, places, channel) for channel in np.transpose(_COLOURS)], axis=-1)
    picture = (1 - strength) * grey[..., None] + strength * colour  # (h, w, 1) and (h, w, 3) -> (h, w, 3)
    picture = picture.round().clip(0, 255).astype(np.uint8)
    _draw(picture, check(read_boxes(boxes, grey.shape, format=format), grey.shape))
    return picture


def _array(values: Any) -> np.ndarray:
    if isinstance(values, Tensor):
        return values.detach().as_subclass(Tensor).float().cpu().numpy()
    return np.asarray(values)


def _grey(image: np.ndarray) -> Float[np.ndarray, "h w"]:
    """The image's brightness from 0 to 255."""
    if image.ndim == 3 and image.shape[0] in (1, 3) and image.shape[2] not in (1, 3):
        image = image.transpose(1, 2, 0)  # (c, h, w) -> (h, w, c)
    if image.ndim == 3 and image.shape[2] in (1, 3):
        image = image.mean(2)  # (h, w, c) -> (h, w)
    if image.ndim != 2:
        raise ValueError(f"the image has the shape {image.shape}: give one image, (3, h, w) or (h, w, 3)")
    image = image.astype(np.float64)
    low = image.min()
    high = image.max()
    if low >= 0 and 1 < high <= 255 and np.array_equal(image, image.round()):
        return image  # whole numbers to 255
    return (image - low) / (high - low) * 255 if high > low else np.zeros_like(image)


def _draw(picture: UInt8[np.ndarray, "h w 3"], corners: Float[np.ndarray, "n 4"]) -> None:
    height, width = picture.shape[:2]
    for x0, y0, x1, y1 in corners:
        left = min(int(x0), width - 1)
        top = min(int(y0), height - 1)
        right = min(max(int(np.ceil(x1)) - 1, left), width - 1)
        bottom = min(max(int(np.ceil(y1)) - 1, top), height - 1)
        picture[[top, bottom], left : right + 1] = _BOX
        picture[top : bottom + 1, [left, right]] = _BOX
