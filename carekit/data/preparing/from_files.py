"""One image of a source as a prepared data set holds it: squashed to a square, with its lesion mask and its boxes."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool
from skimage.measure import label

from carekit.data.masks import around
from carekit.data.prepared.resizing import resize_image, resize_mask
from carekit.data.preparing.filling import Box, Drawn
from carekit.data.sources import Source

SATELLITE = 0.1  # a component this large, compared with the largest, belongs to the lesion; smaller ones are specks


class Item(NamedTuple):
    """An image to be prepared: its name, its file, its mask's file ("" for none) and its boxes in the file's pixels."""

    image_id: str
    image: str
    mask: str = ""
    boxes: tuple[Box, ...] = ()


class FromFiles(NamedTuple):
    """Draws an item from the files of a source; each worker process opens the source once, as it receives this."""

    source: Source
    size: int

    def __call__(self, item: Item) -> Drawn:
        image = self.source.image(item.image)
        boxes = [_scale_box(item, box, image.size, self.size) for box in item.boxes]
        mask = None
        if item.mask:
            found = self.source.mask(item.mask, image.size)
            mask = resize_mask(found, self.size)
            box = lesion_box(found, self.size)
            boxes = boxes or ([box] if box else [])
        return Drawn(resize_image(image, self.size), mask, boxes, {"pixels": image.size})


def _scale_box(item: Item, box: Box, pixels: tuple[int, int], size: int) -> Box:
    """A box in the image's pixels, clipped to it and scaled to size x size. Raises ValueError where it lies outside."""
    w, h = pixels
    x0, y0, x1, y1 = max(0, box[0]), max(0, box[1]), min(w, box[2]), min(h, box[3])
    if x0 >= x1 or y0 >= y1:
        raise ValueError(f"box {box} of image {item.image_id} lies outside its {w} x {h} pixels: correct or remove it")
    return x0 * size / w, y0 * size / h, x1 * size / w, y1 * size / h


def lesion_box(mask: Bool[np.ndarray, "h w"], size: int) -> Box | None:
    """The tight box (x0, y0, x1, y1) of the lesion in a mask, scaled to size x size; None for an empty mask.

    The lesion is the largest component and every one with at least a tenth of its area.
    """
    parts = label(mask, connectivity=2)
    areas = np.bincount(parts.ravel())
    areas[0] = 0
    if not areas.any():
        return None
    lesion = (areas >= SATELLITE * areas.max())[parts] & mask
    height, width = mask.shape
    across = size / width
    down = size / height
    return tuple((around(lesion) * (across, down, across, down)).tolist())
