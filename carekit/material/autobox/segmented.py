"""Boxes around what a trained DeepLabV3 takes for the lesion."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Int, UInt8

from carekit.data.batches import to_unit
from carekit.material.autobox.components import large_components, rectangle
from carekit.material.autobox.deeplab import lesion_masks
from carekit.material.autobox.finder import Boxes, FinderWithWeights
from carekit.material.autobox.segmenting import load_segmenter

load_once = lru_cache(maxsize=1)(load_segmenter)


@dataclass(frozen=True)
class Segmented(FinderWithWeights):
    """Argmax, components, small ones dropped, the rectangle around the rest.

    Args:
        checkpoint: what `python -m carekit segment train` has written.
        smallest: a component with less than this share of the largest one's area is dropped, in [0, 1].
    """

    method = "deeplab"
    smallest: float = 0.1

    def find(self, images: UInt8[np.ndarray, "n s s 3"], labels: Int[np.ndarray, " n"]) -> Sequence[Boxes]:
        model, notes = load_once(self.checkpoint)
        unit = to_unit(torch.from_numpy(images).permute(0, 3, 1, 2))  # (n, s, s, 3) -> (n, 3, s, s)
        masks = lesion_masks(model, unit, notes["size"]).numpy()  # (n, s, s)
        return [rectangle(large_components(mask, self.smallest)) for mask in masks]
