"""Boxes around what a trained DeepLabV3 takes for the lesion."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Int, UInt8

from carekit.ground.checksums import sha256
from carekit.material.autobox.components import large_components, rectangle
from carekit.material.autobox.deeplab import DeepLab, lesion_masks
from carekit.material.autobox.finder import Boxes, Finder
from carekit.material.autobox.segmenting import load_segmenter
from carekit.networks import checkpoints


@dataclass(frozen=True)
class Segmented(Finder):
    """Argmax, components, small ones dropped, the rectangle around the rest.

    Args:
        checkpoint: what `python -m carekit segment train` has made.
        smallest: a component with less than this share of the largest one's area is dropped, in [0, 1].
    """

    method = "deeplab"
    processes = False  # torch uses all cores in one
    checkpoint: str
    smallest: float = 0.1

    def find(self, images: UInt8[np.ndarray, "n s s 3"], labels: Int[np.ndarray, " n"]) -> Sequence[Boxes]:
        model, size = _opened(self.checkpoint)
        unit = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255  # (n, s, s, 3) -> (n, 3, s, s)
        masks = lesion_masks(model, unit, size).numpy()  # (n, s, s)
        return [rectangle(large_components(mask, self.smallest)) for mask in masks]

    def parameters(self) -> dict:
        checkpoints.read_about(self.checkpoint)  # raises where it is not there, or damaged
        return super().parameters() | {"checkpoint": sha256(self.checkpoint)}


@lru_cache(maxsize=1)
def _opened(path: str) -> tuple[DeepLab, int]:
    model, about = load_segmenter(path)
    return model, about["size"]
