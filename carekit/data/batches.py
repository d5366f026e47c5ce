"""From a prepared data set to batches (images, labels, M_in, has_box) for training."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from carekit.data.augment import JointAugment, flipped
from carekit.data.cached import Cached
from carekit.data.prepared import Prepared
from carekit.ground.messages import one_of
from carekit.method.boxes import check, rasterise


class Batch(NamedTuple):
    """Images (b, 3, h, w) in 0..255, labels, masks M_in in {0, 1} (zeros without a box), and which have a box.

    images: of a cached data set the features (b, k, u, v) in their place. mixed_with, share: where images were mixed,
    `share` of each is its own, with its label and its box, and the rest is of `mixed_with`.
    """

    images: UInt8[Tensor, "b 3 h w"] | Float[Tensor, "b k u v"]
    labels: Int[Tensor, " b"]
    m_in: UInt8[Tensor, "b h w"]
    has_box: Bool[Tensor, " b"]
    mixed_with: Int[Tensor, " b"] | None = None
    share: float = 1.0

    def showing(self, images: UInt8[Tensor, "b 3 h w"], m_in: UInt8[Tensor, "b h w"]) -> "Batch":
        """The same batch with other images and masks; a box of which nothing is left is no box."""
        return self._replace(images=images, m_in=m_in, has_box=(m_in > 0).flatten(1).any(1))


def boxed_rows(data: Prepared, classes: Sequence[str] | None = None) -> list[int]:
    """The rows of all images of `classes` (None: the rare ones) that have a box, in order.

    Raises:
        ValueError: for a class that the data set does not have.
    """
    if classes is None:
        classes = data.rare
    labels = [data.classes.index(one_of("class", name, data.classes)) for name in classes]
    return [int(i) for i in np.flatnonzero(np.isin(data.labels, labels)) if len(data.boxes_of(i))]


class BoxedImages(Dataset):
    """A torch data set over a prepared one, with the boxes that are trained on.

    Args:
        data: the images, or `carekit.training.cached` features of them.
        boxes: for each row that has some, its boxes (k, 4) in pixels; {} is no supervision, None the true boxes of the
            rare classes.
        augment: see `JointAugment`.

    Raises:
        ValueError: for a bad box, naming its image, for an unknown augmentation, and for one that changes more than
            cached features hold.
    """

    def __init__(self, data: Prepared, boxes: Mapping[int, np.ndarray] | None = None, augment: str = "none"):
        self.data = data
        self.augment = JointAugment(augment)
        if isinstance(data, Cached) and (augment == "strong" or (augment == "flip" and data.flips == 1)):
            raise ValueError(
                f"augmentation = {augment!r} changes images in ways that were not kept: train without `cached`"
            )
        self.labels = torch.tensor(data.labels)
        self.size = (data.size, data.size)
        self.boxes = {}
        if boxes is None:
            boxes = {i: data.boxes_of(i) for i in boxed_rows(data)}
        for i, corners in boxes.items():
            if len(corners):
                self.boxes[int(i)] = check(corners, self.size, f"image {data.samples.image_id.iloc[i]}")

    def __len__(self) -> int:
        return len(self.data)

    def __getitems__(self, rows: list[int]) -> Batch:
        """A whole batch at once: one gather from the memory map instead of one object an image."""
        indices = np.asarray(rows)
        masks = torch.zeros(len(indices), *self.size, dtype=torch.uint8)
        boxed = [row for row, i in enumerate(rows) if i in self.boxes]
        for row in boxed:
            masks[row] = torch.from_numpy(rasterise(self.boxes[rows[row]], self.size))
        if isinstance(self.data, Cached):
            flips = self.augment.flips(len(indices))  # (2, b): left-right and upside-down
            images = self.data.tensor(indices, (flips[0] + 2 * flips[1]).numpy())
            masks[boxed] = flipped(masks[boxed], flips[:, boxed])  # the others are zero, and most of them
        else:
            pixels = torch.from_numpy(self.data.read(indices)).permute(0, 3, 1, 2)  # (b, h, w, 3) -> (b, 3, h, w)
            images, masks = self.augment(pixels, masks)
        # A rotation may have turned a box out of the picture.
        has_box = masks.flatten(1).amax(1) > 0  # (b, h, w) -> (b,); twenty times as fast as any
        return Batch(images, self.labels[indices], masks, has_box)

    def __getitem__(self, index: int) -> Batch:
        return self.__getitems__([index])


def _as_is(batch: Any) -> Any:
    return batch


def loader(
    data: BoxedImages,
    batch_size: int,
    *,
    shuffle: bool = False,
    sampler: Iterable[int] | None = None,
    workers: int = 0,
    pin: bool = False,
) -> DataLoader:
    """A torch DataLoader of Batches.

    Args:
        data: what is loaded.
        batch_size: images a batch.
        shuffle: whether the order is drawn anew in each epoch, from torch's global generator.
        sampler: row numbers in the order in which they are loaded, such as a torch sampler; in place of shuffle.
        workers: processes that load; 0 loads in this one.
        pin: whether batches are put where a GPU fetches them fast.
    """
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


def to_unit(images: Tensor) -> Float[Tensor, "b c h w"]:
    """Images as floats in [0, 1]; what is of floats already, such as cached features, as it is.

    Raises:
        ValueError: where an image holds NaN or infinity.
    """
    if not images.is_floating_point():
        return images.float() / 255
    if not images.isfinite().all():
        bad = (~images.isfinite()).flatten(1).any(1).nonzero()[0, 0].item()
        raise ValueError(f"image {bad} of the batch holds NaN or infinity: repair or remove it")
    return images
