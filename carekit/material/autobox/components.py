"""From a map to a rectangle: threshold, connected components, small ones dropped, the rectangle around the rest."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from skimage.filters import threshold_otsu
from skimage.measure import label

from carekit.data.masks import around

FIXED = 0.5  # the paper's
MOST = 0.98  # a region that covers more than this of the image says nothing about where the lesion is


@dataclass(frozen=True)
class Cut:
    """How a map in [0, 1] becomes a box.

    Args:
        threshold: a number in (0, 1), the paper's 0.5 by default, or "otsu" for one that is found in each map.
        smallest: a component with less than this share of the largest one's area is dropped, in [0, 1].

    Raises:
        ValueError: for a threshold or a share out of range.
    """

    threshold: float | str = FIXED
    smallest: float = 0.1

    def __post_init__(self) -> None:
        if isinstance(self.threshold, str):
            if self.threshold != "otsu":
                raise ValueError(f"threshold = {self.threshold!r} is unknown: choose 'otsu' or a number in (0, 1)")
        elif not 0 < self.threshold < 1:
            raise ValueError(f"threshold = {self.threshold} is out of range: choose a number in (0, 1), or 'otsu'")
        if not 0 <= self.smallest <= 1:
            raise ValueError(f"smallest = {self.smallest} is out of range: choose a share in [0, 1]")

    def mask(self, map: Float[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
        """Where the map exceeds the threshold; nowhere for a map that is zero everywhere."""
        if not map.any():
            return np.zeros(map.shape, bool)
        return map > (threshold_otsu(map) if self.threshold == "otsu" else self.threshold)

    def box(self, map: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "k 4"]:
        """The one box (k = 1) of a map, or none (k = 0): see `rectangle`."""
        return rectangle(large_components(self.mask(map), self.smallest))


def large_components(mask: Bool[np.ndarray, "h w"], smallest: float) -> Bool[np.ndarray, "h w"]:
    """The mask without components (8-connected) that have less than `smallest` of the largest one's area."""
    parts = label(mask, connectivity=2)
    areas = np.bincount(parts.ravel())
    areas[0] = 0
    kept = areas >= smallest * areas.max()
    kept[0] = False
    return kept[parts]


def rectangle(mask: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "k 4"]:
    """The tight rectangle (x0, y0, x1, y1) around a mask, half-open; none for a mask that is empty or full."""
    if not mask.any() or mask.mean() > MOST:
        return np.zeros((0, 4))
    return around(mask)[None]  # (4) -> (1, 4)
