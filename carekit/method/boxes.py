"""Bounding boxes: check, clip, scale, and rasterise to the masks M_in and M_out of the attention loss.

A box is (x0, y0, x1, y1) in pixels, x to the right and y down, half-open: it holds the points with x0 <= x < x1 and
y0 <= y < y1. Pixel (row i, column j) has its centre at (j + 0.5, i + 0.5).
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Num, UInt8
from numpy.typing import ArrayLike
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from carekit.ground.messages import one_of
from carekit.method.box_input import ask_about_size, read_boxes

Size = tuple[int, int]  # height, width
MAX_SCALE = 3.0
OUTER = ("binary", "distance")


def check_scale(scale: float) -> float:
    """Return `scale`, the factor on a box's sides, if it is in (0, 3]; raise a ValueError otherwise. Lesson 3."""
    if not 0 < scale <= MAX_SCALE:
        raise ValueError(f"box_scale = {scale} is out of range: choose a factor above 0 and at most {MAX_SCALE:g}")
    return scale


def check(boxes: ArrayLike, size: Size, name: str = "the image") -> Float[np.ndarray, "n 4"]:
    """Return `boxes` as floats, clipped to their image.

    Args:
        boxes: n >= 0 boxes (x0, y0, x1, y1) in pixels.
        size: height and width of the image.
        name: what the image is called in an error.

    Raises:
        ValueError: for a box that is not four finite numbers, is reversed or empty, or is wholly outside of the image.

    Lesson 3.
    """
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    for box in boxes:
        text = "(" + ", ".join(f"{value:g}" for value in box) + ")"
        if not np.isfinite(box).all():
            raise ValueError(f"box {text} of {name} is not four finite numbers: correct or remove it")
        if box[2] <= box[0] or box[3] <= box[1]:
            raise ValueError(f"box {text} of {name} is empty or reversed: give x0 < x1 and y0 < y1")
        if box[2] <= 0 or box[3] <= 0 or box[0] >= size[1] or box[1] >= size[0]:
            raise ValueError(f"box {text} of {name} lies outside its {size[0]} x {size[1]} image: correct or remove it")
    return clip(boxes, size)


def clip(boxes: Float[np.ndarray, "n 4"], size: Size) -> Float[np.ndarray, "n 4"]:
    """Cut boxes off at the border of an image of `size` (height, width). Lesson 3."""
    height, width = size
    return np.clip(boxes, 0, [width, height, width, height])


def scale(boxes: Float[np.ndarray, "n 4"], factor: float, size: Size) -> Float[np.ndarray, "n 4"]:
    """Scale each box about its centre by `factor` in (0, 3] and clip it to the image (paper, section 4.3.2).

    Lesson 3.
    """
    check_scale(factor)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 * factor
    return clip(np.concatenate([centre - half, centre + half], axis=1), size)


def rasterise(boxes: Float[np.ndarray, "n 4"], size: Size) -> UInt8[np.ndarray, "h w"]:
    """M_in: 1 at pixels whose centre is in any box (their union), 0 elsewhere. A box covers at least one pixel.

    Lesson 3.
    """
    mask = np.zeros(size, np.uint8)
    for x0, y0, x1, y1 in boxes:
        rows, columns = _covered(y0, y1, size[0]), _covered(x0, x1, size[1])
        mask[rows, columns] = 1
    return mask


def _covered(low: float, high: float, length: int) -> slice:
    first, last = int(np.ceil(low - 0.5)), int(np.ceil(high - 0.5))
    if last <= first:  # thinner than a pixel, between two centres
        first = min(int((low + high) / 2), length - 1)
        last = first + 1
    return slice(max(first, 0), last)


def box_masks(
    boxes: Sequence | Tensor | np.ndarray, size: Size, box_scale: float = 1.0, *, format: str | None = None
) -> tuple[UInt8[Tensor, "b h w"], Bool[Tensor, " b"]]:
    """Masks for a batch: M_in (b, h, w) in {0, 1}, and which images have a box.

    Args:
        boxes: for each image an array-like of n >= 0 boxes, or None; see `carekit.method.box_input.read_boxes`.
        size: height and width of the images.
        box_scale: factor on each box's sides, in (0, 3].
        format: "xyxy" (default), "xywh" or "cxcywh", of boxes that do not carry their own.

    Raises:
        ValueError: as `read_boxes`, `check` and `check_scale`, and for a box that is more than half outside.

    Lesson 3.
    """
    checked = []
    for i, of_image in enumerate(boxes):
        name = f"image {i} of the batch"
        corners = read_boxes(of_image, size, name, format)
        checked.append(check(corners, size, name))
        ask_about_size(corners, size, name)
    masks = np.zeros((len(checked), *size), np.uint8)
    for mask, corners in zip(masks, checked, strict=True):
        mask[:] = rasterise(scale(corners, box_scale, size), size)
    return torch.from_numpy(masks), torch.tensor([len(corners) > 0 for corners in checked], dtype=torch.bool)


def outer_mask(m_in: Num[Tensor, "b h w"], kind: str = "binary") -> Float[Tensor, "b h w"]:
    """M_out: 0 inside the boxes; outside 1 ("binary") or the distance to the nearest box ("distance"; section 3.2).

    The distance is in units of the image's diagonal; L_out divides by the mask's sum, so its unit does not matter.

    Raises:
        ValueError: for another kind.

    Lesson 3.
    """
    if one_of("outer", kind, OUTER) == "binary":
        return 1.0 - m_in.float()
    diagonal = float(np.hypot(*m_in.shape[-2:]))
    distances = [distance_transform_edt(mask == 0) / diagonal for mask in m_in.cpu().numpy()]
    return torch.from_numpy(np.stack(distances)).to(m_in.device, torch.float32)
