"""What a renderer gives back, and what a kind of images declares about itself."""

from collections.abc import Callable
from math import log
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8


class Scene(NamedTuple):
    """An image uint8 (s, s, 3), its lesion mask 0 or 1 (s, s), boxes (k, 4) with k >= 0, and the artefacts it shows.

    Boxes are (x0, y0, x1, y1) in pixels, half-open, tight around each lesion.
    """

    image: UInt8[np.ndarray, "s s 3"]
    mask: UInt8[np.ndarray, "s s"]
    boxes: Float[np.ndarray, "k 4"]
    artefacts: tuple[str, ...]


class Kind(NamedTuple):
    """A kind of images that can be drawn, the rarest class last.

    artefacts: the name of each and its usual rate. shortcut: the one that goes with the rare class in training.
    render(seed, index, label, size, train=, rates=, lesion_size=, spread=) draws one Scene: see `render_skin`.
    """

    name: str
    title: str
    class_names: dict[str, str]
    counts: dict[str, int]
    artefacts: dict[str, float]
    shortcut: str
    render: Callable[..., Scene]

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.class_names)

    @property
    def rare(self) -> str:
        return self.classes[-1]

    def exponent(self, imbalance: float) -> float:
        """The power of the paper's counts with which the largest class outnumbers the smallest `imbalance` times."""
        if not 1 <= imbalance <= 1e6:
            raise ValueError(f"imbalance = {imbalance} is out of range: choose 1 (all classes alike) to 1,000,000")
        return log(imbalance) / log(max(self.counts.values()) / min(self.counts.values()))


def streams(*numbers: int) -> list[np.random.Generator]:
    """Four generators of their own for the image with these numbers."""
    return [np.random.default_rng([*numbers, part]) for part in range(4)]


def check_size(size: int) -> None:
    """Raise ValueError for a resolution that cannot be drawn."""
    if not 32 <= size <= 512:
        raise ValueError(f"size = {size} is out of range: choose 32 to 512 pixels")
