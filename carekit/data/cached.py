"""A prepared data set that stands behind a network's frozen layers: it gives what they make of its images."""

from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from carekit.data.prepared import Prepared
from carekit.data.prepared.dataset import RowNumbers
from carekit.data.prepared.rows import Rows, choose_rows
from carekit.networks import Backbone

FLIPS = 4  # as it is, left-right, upside-down, both: the number is left-right + 2 * upside-down


@dataclass(frozen=True, eq=False)
class Cached(Prepared):
    """A data set whose `tensor` gives the features of each image in place of the image; all else is as it was.

    Args:
        features: float32 (n * flips, k, u, v); row i * flips + f is flip f of image i.
        flips: 1, each image as it is, or 4, its three flips too.
    """

    features: Rows = field(kw_only=True)
    flips: int = field(kw_only=True)

    def tensor(self, rows: RowNumbers, flips: Int[np.ndarray, " b"] | None = None) -> Float[Tensor, "b k u v"]:
        """The features of some images, as `Backbone.early` gives them.

        Args:
            rows: row numbers.
            flips: of each image, left-right (0 or 1) + 2 * upside-down (0 or 1); None: as they are.

        Raises:
            ValueError: for flips of images that are cached only as they are.
        """
        if flips is None:
            flips = np.zeros(len(rows), np.int64)
        if flips.max(initial=0) >= self.flips:
            raise ValueError("these features are of the images as they are: keep them with flips=True")
        features = torch.from_numpy(self.features[np.asarray(rows, np.int64) * self.flips + flips])
        return features.contiguous(memory_format=torch.channels_last)

    def take(self, rows: RowNumbers) -> "Cached":
        """The given rows (indices or booleans) as a data set, with their features; nothing is copied."""
        numbers = self.row_numbers(rows)
        in_all_flips = numbers[:, None] * self.flips + np.arange(self.flips)  # (m, flips)
        return with_features(images_only(self).take(rows), choose_rows(self.features, in_all_flips.ravel()), self.flips)


def with_features(data: Prepared, features: Rows, flips: int) -> Cached:
    """The data set with features, see `Cached`."""
    return Cached(data.images, data.samples, data.boxes, data.facts, data.masks, features=features, flips=flips)


def images_only(data: Prepared) -> Prepared:
    """The data set without cached features."""
    if not isinstance(data, Cached):
        return data
    return Prepared(data.images, data.samples, data.boxes, data.facts, data.masks)


def network_for(model: Backbone, data: Prepared) -> Backbone:
    """The network that takes what `data.tensor` gives: the model, or behind cached features its layers from there."""
    return model.behind_early() if isinstance(data, Cached) else model
