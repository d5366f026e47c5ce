"""One image of a source as a prepared data set holds it: squashed to a square, with its lesion mask and its boxes."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from skimage.measure import label

from carekit.data.decoding import read_image, read_mask
from carekit.data.files import Source
from carekit.data.sources import open_source

SATELLITE = 0.1  # a component this large beside the largest belongs to the lesion; smaller ones are specks

Box = tuple[float, float, float, float]


class Item(NamedTuple):
    """An image to be prepared: its name, its file, its mask's file ("" for none) and its boxes in the file's pixels."""

    image_id: str
    image: str
    mask: str = ""
    boxes: tuple[Box, ...] = ()


class Drawn(NamedTuple):
    """An image uint8 (s, s, 3), its mask 0 or 1 (s, s) or None, its boxes in these pixels, and what else is known."""

    image: np.ndarray
    mask: np.ndarray | None
    boxes: list[Box]
    about: dict


class FromFiles(NamedTuple):
    """Draws an item from the files of a source; worker processes open the source by its path, once each."""

    source: Path
    size: int

    def __call__(self, item: Item) -> Drawn:
        files = opened(self.source)
        image = read_image(files, item.image)
        mask, boxes = None, [_on(item, box, image.size, self.size) for box in item.boxes]
        if item.mask:
            found = read_mask(files, item.mask, image.size)
            mask, box = resize_mask(found, self.size), box_of(found, self.size)
            boxes = boxes or ([box] if box else [])
        return Drawn(resize(image, self.size), mask, boxes, {"pixels": image.size})


@lru_cache(maxsize=1)
def opened(path: Path) -> Source:
    """The source at a path; a process keeps the last one open, since an archive's list of files takes long to read."""
    return open_source(path)


def forget() -> None:
    """Close the source that this process has opened, if any: its files may have changed since."""
    opened.cache_clear()


def _on(item: Item, box: Box, pixels: tuple[int, int], size: int) -> Box:
    """A box in the image's pixels, clipped to it and scaled to size x size. Raises ValueError where it lies outside."""
    w, h = pixels
    x0, y0, x1, y1 = max(0, box[0]), max(0, box[1]), min(w, box[2]), min(h, box[3])
    if x0 >= x1 or y0 >= y1:
        raise ValueError(f"box {box} of image {item.image_id} lies outside its {w} x {h} pixels: correct or remove it")
    return x0 * size / w, y0 * size / h, x1 * size / w, y1 * size / h


def resize(image: Image.Image, size: int) -> np.ndarray:
    """An RGB image squashed to uint8 (size, size, 3); Pillow widens the cubic filter when it reduces: no aliasing."""
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC))


def resize_mask(mask: np.ndarray, size: int) -> np.ndarray:
    """A mask (h, w) of 0 and 1 at (size, size): 1 where at least half of a pixel was."""
    grey = Image.fromarray(np.asarray(mask, np.uint8) * 255)
    return (np.asarray(grey.resize((size, size), Image.Resampling.BILINEAR)) >= 128).astype(np.uint8)


def box_of(mask: np.ndarray, size: int) -> Box | None:
    """The tight box (x0, y0, x1, y1) of the lesion in a mask, scaled to size x size; None for an empty mask.

    The lesion is the largest component and every one with at least a tenth of its area.
    """
    parts = label(mask, connectivity=2)
    areas = np.bincount(parts.ravel())
    areas[0] = 0
    if not areas.any():
        return None
    lesion = (areas >= SATELLITE * areas.max())[parts] & mask
    rows, columns = np.flatnonzero(lesion.any(axis=1)), np.flatnonzero(lesion.any(axis=0))
    height, width = mask.shape
    across, down = size / width, size / height
    return (columns[0] * across, rows[0] * down, (columns[-1] + 1) * across, (rows[-1] + 1) * down)
