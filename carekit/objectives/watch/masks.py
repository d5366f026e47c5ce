"""Boxes or masks of a batch, as a loop has them, as the masks that the loss reads."""

from typing import Any

import torch
from jaxtyping import Num
from torch import Tensor

from carekit.method.box_input import is_mask, read_masks
from carekit.method.boxes import box_masks
from carekit.method.shapes import Size

NO_SIZE = (
    "the images' size is not known, since the model itself was not called with a tensor (b, channels, h, w): call "
    "model(images), or give masks (b, h, w) instead of boxes"
)


def masks_of(boxes: Any, count: int, image: Size | None, format: str | None) -> tuple[Num[Tensor, "b h w"], Tensor]:
    """Boxes or masks of a batch as masks, and which images have any.

    Raises ValueError for another number of them than of logits, for boxes where the images' size is not known, and as
    `box_masks` and `read_masks` do.

    Lesson 3.
    """
    if boxes is None:
        return torch.zeros(count, 1, 1, dtype=torch.uint8), torch.zeros(count, dtype=torch.bool)
    if len(boxes) != count:
        raise ValueError(f"{count} logits and boxes of {len(boxes)} images: give boxes for each image, [] for none")
    if all(isinstance(mask, Tensor) and mask.ndim == 2 and mask.shape == boxes[0].shape != (1, 4) for mask in boxes):
        if tuple(boxes[0].shape) == image:
            boxes = torch.stack(list(boxes))  # n times (h, w) -> (n, h, w): a list of masks, not of boxes
    if is_mask(boxes, image):
        return read_masks(boxes, image)
    if image is None:
        raise ValueError(NO_SIZE)
    return box_masks(boxes, image, format=format)
