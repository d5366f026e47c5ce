"""Boxes around what is salient: DSR or BMS, which need neither labels nor training."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from jaxtyping import Int, UInt8

from carekit.material.autobox.bms import bms
from carekit.material.autobox.components import Cut
from carekit.material.autobox.dsr import dsr
from carekit.material.autobox.finder import Boxes, Finder
from carekit.material.autobox.picture import find_box


@dataclass(frozen=True)
class Dsr(Finder):
    """Dense and sparse reconstruction (Li et al. 2013), as the paper: threshold 0.5, components, rectangle.

    Args:
        cut: how a map becomes a box.
        gaussian: the step towards the object; without it boxes of small lesions in the skin are tighter.
    """

    method = "dsr"
    cut: Cut = field(default_factory=Cut)
    gaussian: bool = True

    def find(self, images: UInt8[np.ndarray, "n s s 3"], labels: Int[np.ndarray, " n"]) -> Sequence[Boxes]:
        return [find_box(image, partial(dsr, gaussian=self.gaussian), self.cut) for image in images]


@dataclass(frozen=True)
class Bms(Finder):
    """Boolean maps (Zhang and Sclaroff 2013). They are graded, so that a threshold found in each map suits them."""

    method = "bms"
    cut: Cut = field(default_factory=lambda: Cut("otsu"))

    def find(self, images: UInt8[np.ndarray, "n s s 3"], labels: Int[np.ndarray, " n"]) -> Sequence[Boxes]:
        return [find_box(image, bms, self.cut) for image in images]
