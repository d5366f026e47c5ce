"""One image of a source as a prepared data set holds it: squashed to a square, with its lesion mask and its boxes."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool
from skimage.measure import label

from carekit.data.filling import Box, Drawn
from carekit.data.masks import around
from carekit.data.prepared.resizing import resize_image, resize_mask
from carekit.material.intake.preparing.frames import TURNED, in_pixels
from carekit.material.intake.sources import Source
from carekit.material.intake.sources.decoding import TURN
from carekit.material.intake.sources.lesions import is_inverted

SATELLITE = 0.1  # a component this large, compared with the largest, belongs to the lesion; smaller ones are specks
TINY = 2.0  # pixels: a box as narrow as this is lost at the map's resolution

Framed = tuple[float, float, float, float, float, float]  # a box, and the size of the picture that it was drawn in


class Item(NamedTuple):
    """An image to be prepared: its name, its file, its mask's file ("" for none) and its boxes."""

    image_id: str
    image: str
    mask: str = ""
    boxes: tuple[Framed, ...] = ()


@dataclass(frozen=True)
class FromFiles:
    """Draws an item from the files of a source; each worker process opens the source once, as it receives this.

    inverted: whether the masks are black on white.
    """

    source: Source
    size: int
    inverted: bool = False

    def __call__(self, item: Item) -> Drawn:
        image = self.source.image(item.image)
        about: dict[str, Any] = {"pixels": image.size}
        boxes = [self._place(item, framed, image.size, image.info.get(TURN, 1), about) for framed in item.boxes]
        mask = None
        if item.mask:
            found = self.source.mask(item.mask, image.size)
            if is_inverted(found) and not self.inverted:
                about["edged"] = 1
            found = found ^ self.inverted
            mask = resize_mask(found, self.size)
            box = lesion_box(found, self.size)
            boxes = boxes or ([box] if box else [])
        return Drawn(resize_image(image, self.size), mask, boxes, about)

    def _place(self, item: Item, framed: Framed, pixels: tuple[int, int], turn: int, about: dict[str, Any]) -> Box:
        """A box in the prepared image; `about` counts what had to be done to it."""
        box, how = in_pixels(framed, pixels, turn, item.image_id)
        w, h = pixels
        x0, y0, x1, y1 = max(0, box[0]), max(0, box[1]), min(w, box[2]), min(h, box[3])
        if x0 >= x1 or y0 >= y1:
            words = f"box {box} of image {item.image_id} lies outside its {w} x {h} pixels"
            raise ValueError(f"{words}: correct or remove it")
        clipped = max(x0 - box[0], y0 - box[1], box[2] - x1, box[3] - y1) > 1e-6 * max(w, h) + 1e-6
        # Of a square picture, or one turned by half, the sides do not show whether it was upright when it was drawn on.
        unclear = turn > 1 and how != TURNED and (w == h or turn < 5) and turn != 2
        tiny = min(x1 - x0, y1 - y0) < TINY
        for what, is_so in ((how, how), ("clipped", clipped), ("tiny", tiny), ("unclear", unclear)):
            if is_so:
                about[what] = about.get(what, 0) + 1
        return x0 * self.size / w, y0 * self.size / h, x1 * self.size / w, y1 * self.size / h


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
    x0, y0, x1, y1 = (around(lesion) * (across, down, across, down)).tolist()
    return x0, y0, x1, y1
