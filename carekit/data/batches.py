"""From a prepared data set to batches (images, labels, M_in, has_box) for training."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from carekit import boxes
from carekit.data.augment import JointAugment
from carekit.data.prepared import Prepared
from carekit.names import one_of


class Batch(NamedTuple):
    """Images (b, 3, h, w) in 0..255, labels, masks M_in in {0, 1} (zeros without a box), and which have a box."""

    images: UInt8[Tensor, "b 3 h w"]
    labels: Int[Tensor, " b"]
    m_in: UInt8[Tensor, "b h w"]
    has_box: Bool[Tensor, " b"]


def boxed_rows(data: Prepared, classes: Sequence[str] | None = None) -> list[int]:
    """The rows of all images of `classes` (None: the rare ones) that have a box, in order.

    Raises:
        ValueError: for a class that the data set does not have.
    """
    names = data.rare if classes is None else classes
    labels = [data.classes.index(one_of("class", name, data.classes)) for name in names]
    return [int(i) for i in np.flatnonzero(np.isin(data.labels, labels)) if len(data.boxes_of(i))]


class BoxedImages(Dataset):
    """A torch data set over a prepared one, whose images show the boxes that they are trained with.

    Args:
        data: images and labels.
        shown: row -> its boxes (k, 4), a row that is left out shows none. None: the true boxes of the rare classes.
        augment: see JointAugment.

    Raises:
        ValueError: for a bad box, naming its image.
    """

    def __init__(self, data: Prepared, shown: Mapping[int, np.ndarray] | None = None, augment: str = "none"):
        self.data = data
        self.augment = JointAugment(augment)
        self.labels = torch.tensor(data.labels)
        if shown is None:
            shown = {i: data.boxes_of(i) for i in boxed_rows(data)}
        size = (data.size, data.size)
        self.boxes = {i: boxes.check(each, size, data.samples.image_id.iloc[i]) for i, each in shown.items()}

    def __len__(self) -> int:
        return len(self.data)

    def __getitems__(self, indices: list[int]) -> Batch:
        """A whole batch at once: one gather from the memory map instead of one object an image."""
        indices = np.asarray(indices)
        images = torch.from_numpy(self.data.read(indices)).permute(0, 3, 1, 2)  # (b, h, w, 3) -> (b, 3, h, w)
        masks = torch.zeros(len(indices), self.data.size, self.data.size, dtype=torch.uint8)
        for row, i in enumerate(indices):
            if i in self.boxes:
                masks[row] = torch.from_numpy(boxes.rasterise(self.boxes[i], (self.data.size, self.data.size)))
        images, masks = self.augment(images, masks)
        # A rotation may have turned a box out of the picture.
        return Batch(images, self.labels[indices], masks, (masks > 0).flatten(1).any(1))

    def __getitem__(self, index: int) -> Batch:
        return self.__getitems__([index])


def _as_is(batch: Batch) -> Batch:
    return batch


def loader(
    data: BoxedImages,
    batch_size: int,
    *,
    shuffle: bool = False,
    sampler: Sampler | None = None,
    workers: int = 0,
    pin: bool = False,
) -> DataLoader:
    """A torch DataLoader of Batches, in the order of `sampler` or shuffled by torch's global generator."""
    return DataLoader(
        data,
        batch_size,
        shuffle=shuffle and sampler is None,
        sampler=sampler,
        num_workers=workers,
        collate_fn=_as_is,
        pin_memory=pin,
        persistent_workers=workers > 0,
    )


def to_unit(images: Tensor) -> Float[Tensor, "b 3 h w"]:
    """Images as floats in [0, 1]. Raises ValueError where an image holds NaN or infinity."""
    if not images.is_floating_point():
        return images.float() / 255
    if not images.isfinite().all():
        bad = (~images.isfinite()).flatten(1).any(1).nonzero()[0, 0].item()
        raise ValueError(f"image {bad} of the batch holds NaN or infinity: repair or remove it")
    return images
