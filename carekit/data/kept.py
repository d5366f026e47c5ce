"""Features of images, on disk, that stand in for the images in training and evaluation."""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from carekit.data.prepared.rows import Rows

FLIPS = 4  # as it is, left-right, upside-down, both: the number is left-right + 2 * upside-down


class KeptFeatures:
    """The kept features of n images, each as it is and, where they were kept for training, in its three flips."""

    def __init__(self, rows: Rows, flips: int):
        self.rows = rows
        self.flips = flips

    def __len__(self) -> int:
        return len(self.rows) // self.flips

    def read(
        self, images: Int[np.ndarray, " b"], flips: Int[np.ndarray, " b"] | None = None
    ) -> Float[Tensor, "b k u v"]:
        """The features of some images, as `Backbone.early` gives them.

        Args:
            images: row numbers.
            flips: of each image, left-right (0 or 1) + 2 * upside-down (0 or 1); None: as they are.

        Raises:
            ValueError: for flips of images that are kept only as they are.
        """
        flips = np.zeros(len(images), np.int64) if flips is None else flips
        if flips.max(initial=0) >= self.flips:
            raise ValueError("these features are of the images as they are: keep them with flips=True")
        kept = torch.from_numpy(self.rows[images * self.flips + flips])
        return kept.contiguous(memory_format=torch.channels_last)
