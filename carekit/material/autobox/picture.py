"""Any picture as the saliency methods take it: uint8, three colours, no larger than they need, no frame."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from carekit.material.autobox.components import Cut
from carekit.material.autobox.frame import fill_frame, find_frame

SMALLEST = 16  # pixels of a side; below it there is nothing to tell apart
LARGEST = 256  # of the longer side, while a map is made: more pixels cost time and change no box
DEFAULT_CUT = Cut()
Saliency = Callable[[UInt8[np.ndarray, "h w 3"]], Float[np.ndarray, "h w"]]


def as_colours(image: np.ndarray, name: str = "the image") -> UInt8[np.ndarray, "h w 3"]:
    """A grey picture (h, w) or (h, w, 1) three times; of one with alpha (h, w, 4) what is seen on white.

    Raises:
        ValueError: for another type or shape, or a side under 16 pixels.
    """
    if image.dtype != np.uint8:
        raise ValueError(f"{name} holds {image.dtype} where uint8, 0 to 255, is needed: convert it first")
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]  # (h, w)
    if image.ndim == 2:
        image = np.repeat(image[:, :, None], 3, axis=2)  # (h, w) -> (h, w, 3)
    if image.ndim != 3 or image.shape[2] not in (3, 4):
        raise ValueError(f"{name} has the shape {image.shape}: it must be (h, w), (h, w, 3) or (h, w, 4)")
    if min(image.shape[:2]) < SMALLEST:
        raise ValueError(
            f"{name} has {image.shape[0]} x {image.shape[1]} pixels: at least {SMALLEST} a side are needed"
        )
    if image.shape[2] == 4:
        alpha = image[:, :, 3:] / 255
        image = np.round(image[:, :, :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return image


def saliency_map(image: UInt8[np.ndarray, "h w 3"], saliency: Saliency) -> Float[np.ndarray, "u v"]:
    """The map of an image without its frame, where it is 0; at most 256 pixels on the longer side."""
    height, width = image.shape[:2]
    factor = LARGEST / max(height, width)
    if factor < 1:
        size = (max(SMALLEST, round(width * factor)), max(SMALLEST, round(height * factor)))
        image = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))
    frame = find_frame(image)
    return np.where(frame, 0.0, saliency(fill_frame(image, frame)))


def find_box(
    image: np.ndarray, saliency: Saliency, cut: Cut = DEFAULT_CUT, name: str = "the image"
) -> Float[np.ndarray, "k 4"]:
    """The box of what is salient in a picture, in its pixels; none (k = 0) if nothing is salient.

    Args:
        image: uint8 (h, w), (h, w, 3) or (h, w, 4).
        saliency: `dsr`, `bms`, or another function: image -> map in [0, 1].
        cut: how the map becomes a box.
        name: of the image, for an error.

    Raises:
        ValueError: as `as_colours`.
    """
    colours = as_colours(image, name)
    small = saliency_map(colours, saliency)
    down = colours.shape[0] / small.shape[0]
    across = colours.shape[1] / small.shape[1]
    return cut.box(small) * [across, down, across, down]  # from pixels of the map to those of the picture
