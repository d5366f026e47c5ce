"""From a prepared data set to batches (images, labels, M_in, has_box) for training."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from carekit import boxes
from carekit.data.augment import JointAugment
from carekit.data.prepared import Prepared


class Batch(NamedTuple):
    """Images (b, 3, h, w) in 0..255, labels, masks M_in in {0, 1} (zeros without a box), and which have a box."""

    images: UInt8[Tensor, "b 3 h w"]
    labels: Int[Tensor, " b"]
    m_in: UInt8[Tensor, "b h w"]
    has_box: Bool[Tensor, " b"]


class BoxedImages(Dataset):
    """A torch data set over a prepared one; only images of the classes in `boxed` show their boxes.

    box_scale: factor on each box's sides, in (0, 3]. augment: see JointAugment. Raises ValueError for a class that the
    data set does not have, and for a bad box, naming its image.
    """

    def __init__(self, data: Prepared, boxed: list[str] | None = None, box_scale: float = 1.0, augment: str = "none"):
        boxes.check_scale(box_scale)
        self.data, self.augment = data, JointAugment(augment)
        boxed = data.rare if boxed is None else boxed
        unknown = [name for name in boxed if name not in data.classes]
        if unknown:
            raise ValueError(f"class {unknown[0]!r} is not in the data set: choose from {', '.join(data.classes)}")
        shown = [data.classes.index(name) for name in boxed]
        self.labels = torch.tensor(data.labels)
        size = (data.size, data.size)
        self.boxes = {
            i: boxes.scale(boxes.check(data.boxes_of(i), size, data.samples.image_id.iloc[i]), box_scale, size)
            for i in np.flatnonzero(np.isin(data.labels, shown))
            if len(data.boxes_of(i))
        }

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


def loader(data: BoxedImages, batch_size: int, *, shuffle: bool = False, workers: int = 0, pin: bool = False):
    """A torch DataLoader of Batches; shuffling draws from torch's global generator."""
    return DataLoader(
        data,
        batch_size,
        shuffle=shuffle,
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
