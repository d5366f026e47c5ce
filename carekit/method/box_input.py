"""Boxes and masks as people have them -> boxes (x0, y0, x1, y1) in pixels, or masks in [0, 1]."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Num
from torch import Tensor

from carekit.ground.messages import one_of

Size = tuple[int, int]  # height, width
FORMATS = ("xyxy", "xywh", "cxcywh")


def read_boxes(boxes: Any, size: Size, name: str = "the image", format: str | None = None) -> Float[np.ndarray, "n 4"]:
    """The boxes of one image as an array of (x0, y0, x1, y1).

    Args:
        boxes: None, one box, an array-like of n boxes, torchvision's `BoundingBoxes` (its own format is obeyed), or a
            detector's dictionary with the key "boxes". In an array, rows of only 0, -1 or NaN are padding.
        size: (height, width) of the image.
        name: what an error calls the image.
        format: "xyxy" (default), "xywh" with the corner first, or "cxcywh" with the centre first.

    Raises:
        ValueError: for something else than rows of four numbers, two formats that disagree, and numbers that look
            like shares of the image's side.

    Lesson 3.
    """
    if isinstance(boxes, Mapping):
        if "boxes" not in boxes:
            keys = ", ".join(map(str, boxes))
            raise ValueError(f"the target of {name} has no key 'boxes' (it has {keys}): give boxes")
        boxes = boxes["boxes"]
    padded = isinstance(boxes, (Tensor, np.ndarray))
    tagged = _tag_of(boxes, name)
    if format is not None:
        one_of("format", format, FORMATS)
    if tagged and format and tagged != format:
        raise ValueError(f"the boxes of {name} are tagged {tagged}, but format = {format!r}: leave format out")
    rows = _rows(boxes, name)
    if padded:
        rows = rows[~((rows == 0).all(1) | (rows == -1).all(1) | np.isnan(rows).all(1))]
    corners = _corners(rows, tagged or format or "xyxy")
    _ask_about_shares(rows, size, name)
    return corners


def _tag_of(boxes: Any, name: str) -> str | None:
    """The format that a `tv_tensors.BoundingBoxes` carries."""
    tag = getattr(boxes, "format", None)
    if not isinstance(boxes, Tensor) or tag is None:
        return None
    return one_of(f"the format of {name}'s boxes", str(getattr(tag, "value", tag)).lower(), FORMATS)


def _rows(boxes: Any, name: str) -> Float[np.ndarray, "n 4"]:
    if boxes is None:
        return np.zeros((0, 4))
    try:
        if isinstance(boxes, (list, tuple)):
            boxes = [_plain(box) for box in boxes]
        rows = np.asarray(_plain(boxes), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the boxes of {name} are no rows of four numbers: give (x0, y0, x1, y1) for each") from error
    if rows.size == 0:
        return np.zeros((0, 4))
    if rows.ndim == 1:
        rows = rows[None]  # (4,) -> (1, 4): one box
    if rows.ndim != 2 or rows.shape[1] != 4:
        shape = " x ".join(map(str, rows.shape))
        raise ValueError(
            f"the boxes of {name} have the shape {shape}: give rows of four numbers (x0, y0, x1, y1), "
            "without scores or classes"
        )
    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().as_subclass(Tensor).cpu().numpy()
    return value


def _corners(rows: Float[np.ndarray, "n 4"], format: str) -> Float[np.ndarray, "n 4"]:
    first = rows[:, :2]
    second = rows[:, 2:]
    if format == "xywh":
        return np.concatenate([first, first + second], axis=1)
    if format == "cxcywh":
        return np.concatenate([first - second / 2, first + second / 2], axis=1)
    return rows


def _ask_about_shares(rows: Float[np.ndarray, "n 4"], size: Size, name: str) -> None:
    # A share may be a hair outside of [0, 1], by rounding or where a box passes the border.
    if len(rows) and min(size) > 2 and (rows > -0.5).all() and (rows < 1.5).all():
        text = ", ".join(f"{value:g}" for value in rows[0])
        raise ValueError(
            f"box ({text}) of {name} looks like shares of the image's sides: "
            "give pixels, x times the width and y times the height"
        )


def ask_about_size(corners: Float[np.ndarray, "n 4"], size: Size, name: str = "the image") -> None:
    """Raise ValueError for a box that is more than half outside of the image: are its pixels those of another?

    Lesson 3.
    """
    clipped = np.clip(corners, 0, [size[1], size[0], size[1], size[0]])
    for box, kept in zip(corners, clipped, strict=True):
        area = (box[2] - box[0]) * (box[3] - box[1])
        if area > 0 and 0 < (kept[2] - kept[0]) * (kept[3] - kept[1]) < area / 2:
            text = ", ".join(f"{value:g}" for value in box)
            raise ValueError(
                f"more than half of box ({text}) of {name} lies outside its {size[0]} x {size[1]} image: give pixels "
                "of this image (not of a larger original), say format='xywh' if the last two are width and height, "
                "or clip the box yourself"
            )


def is_mask(boxes: Any, size: Size | None) -> bool:
    """Whether `boxes` are masks of a batch, (b, h, w) with or without a channel axis, and not rows of boxes.

    Lesson 3.
    """
    if not isinstance(boxes, (Tensor, np.ndarray)) or boxes.ndim not in (3, 4) or getattr(boxes, "format", None):
        return False
    return boxes.ndim == 4 or boxes.shape[-1] != 4 or (size is not None and tuple(boxes.shape[1:]) == tuple(size))


def read_masks(masks: Any, size: Size | None = None) -> tuple[Num[Tensor, "b h w"], Bool[Tensor, " b"]]:
    """Masks of a batch as (b, h, w) in [0, 1], and which of them hold anything: an empty mask is no box.

    Args:
        masks: (b, h, w), (b, 1, h, w) or (b, h, w, 1); bool, whole numbers 0 and 1, or soft values in [0, 1].
        size: (height, width) of the images, if known; a mask may be of another size, but of the same proportions.

    Raises:
        ValueError: for values outside [0, 1], several channels, or other proportions than the image's.

    Lesson 3.
    """
    masks = torch.as_tensor(masks).detach().as_subclass(Tensor)
    if masks.ndim == 4 and masks.shape[1] == 1:
        masks = masks[:, 0]  # (b, 1, h, w) -> (b, h, w)
    elif masks.ndim == 4 and masks.shape[3] == 1:
        masks = masks[..., 0]  # (b, h, w, 1) -> (b, h, w)
    elif masks.ndim == 4:
        raise ValueError(
            f"masks have the shape {tuple(masks.shape)}, several channels each: give one, for example masks.amax(1)"
        )
    if masks.ndim != 3:
        raise ValueError(f"masks have the shape {tuple(masks.shape)}: give (b, h, w), a mask for each image")
    if size is not None and abs(masks.shape[1] * size[1] - masks.shape[2] * size[0]) > max(size):
        raise ValueError(
            f"masks of {masks.shape[1]} x {masks.shape[2]} do not have the proportions of the "
            f"{size[0]} x {size[1]} images: crop and flip image and mask together"
        )
    if masks.dtype == torch.bool:
        masks = masks.to(torch.uint8)
    if masks.dtype in (torch.uint16, torch.uint32, torch.uint64):  # torch finds no minimum of these
        masks = masks.long()
    if masks.numel() and not (0 <= masks.amin() and masks.amax() <= 1):
        low, high = masks.amin().item(), masks.amax().item()
        remedy = "divide by 255" if 1 < high <= 255 and low >= 0 else "give 1 inside the boxes and 0 outside"
        raise ValueError(f"masks hold values from {low:g} to {high:g}, not from 0 to 1: {remedy}")
    masks = masks.float() if masks.is_floating_point() else masks.to(torch.uint8)
    return masks, (masks != 0).flatten(1).any(1).cpu()
