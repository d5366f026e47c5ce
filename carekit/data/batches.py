"""From a prepared data set to batches (images, labels, M_in, has_box) for training."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from carekit.data.augment import JointAugment, flipped
from carekit.data.kept import KeptFeatures
from carekit.data.prepared import Prepared
from carekit.ground.messages import one_of
from carekit.method.boxes import check, rasterise


class Batch(NamedTuple):
    """Images (b, 3, h, w) in 0..255, labels, masks M_in in {0, 1} (zeros without a box), and which have a box.

    early: in place of the images, then None, what the network's frozen layers make of them. mixed_with, share: where
    images were mixed, `share` of each is its own, with its label and its box, and the rest is of `mixed_with`.
    """

    images: UInt8[Tensor, "b 3 h w"] | None
    labels: Int[Tensor, " b"]
    m_in: UInt8[Tensor, "b h w"]
    has_box: Bool[Tensor, " b"]
    early: Float[Tensor, "b k u v"] | None = None
    mixed_with: Int[Tensor, " b"] | None = None
    share: float = 1.0

    @property
    def pixels(self) -> Tensor:
        """The images. Raises ValueError where only kept features are there."""
        if self.images is None:
            raise ValueError("only kept features of frozen layers are there, and no images: train without `kept`")
        return self.images

    def showing(self, images: UInt8[Tensor, "b 3 h w"], m_in: UInt8[Tensor, "b h w"]) -> "Batch":
        """The same batch with other images and masks; a box of which nothing is left is no box."""
        return self._replace(images=images, m_in=m_in, has_box=(m_in > 0).flatten(1).any(1))


def boxed_rows(data: Prepared, classes: Sequence[str] | None = None) -> list[int]:
    """The rows of all images of `classes` (None: the rare ones) that have a box, in order.

    Raises:
        ValueError: for a class that the data set does not have.
    """
    names = data.rare if classes is None else classes
    labels = [data.classes.index(one_of("class", name, data.classes)) for name in names]
    return [int(i) for i in np.flatnonzero(np.isin(data.labels, labels)) if len(data.boxes_of(i))]


class BoxedImages(Dataset):
    """A torch data set over a prepared one, with the boxes that are trained on.

    Args:
        data: the images.
        boxes: for each row that has some, its boxes (k, 4) in pixels; {} is no supervision, None the true boxes of the
            rare classes.
        augment: see `JointAugment`.
        kept: the features of these images behind a network's frozen layers, to give in their place.

    Raises:
        ValueError: for a bad box, naming its image, for an unknown augmentation, and for kept features of another
            number of images, or with an augmentation that changes more than they hold.
    """

    def __init__(
        self,
        data: Prepared,
        boxes: Mapping[int, np.ndarray] | None = None,
        augment: str = "none",
        kept: KeptFeatures | None = None,
    ):
        self.data = data
        self.augment = JointAugment(augment)
        self.kept = kept
        if kept is not None:
            _check_kept(kept, data, augment)
        self.labels = torch.tensor(data.labels)
        self.size = (data.size, data.size)
        self.boxes = {}
        shown = {i: data.boxes_of(i) for i in boxed_rows(data)} if boxes is None else boxes
        for i, each in shown.items():
            if len(each):
                self.boxes[int(i)] = check(each, self.size, f"image {data.samples.image_id.iloc[i]}")

    def __len__(self) -> int:
        return len(self.data)

    def __getitems__(self, rows: list[int]) -> Batch:
        """A whole batch at once: one gather from the memory map instead of one object an image."""
        indices = np.asarray(rows)
        boxed = [row for row, i in enumerate(indices.tolist()) if i in self.boxes]
        masks = self._masks(indices, boxed)
        if self.kept is not None:
            flips = self.augment.flips(len(indices))
            early = self.kept.read(indices, (flips[0] + 2 * flips[1]).numpy())
            masks[boxed] = flipped(masks[boxed], flips[:, boxed])  # the others are zero, and most of them
            return self._batch(indices, None, masks, early)
        images = torch.from_numpy(self.data.read(indices)).permute(0, 3, 1, 2)  # (b, h, w, 3) -> (b, 3, h, w)
        return self._batch(indices, *self.augment(images, masks))

    def _masks(self, indices: np.ndarray, boxed: Sequence[int]) -> UInt8[Tensor, "b h w"]:
        masks = torch.zeros(len(indices), *self.size, dtype=torch.uint8)
        for row in boxed:
            masks[row] = torch.from_numpy(rasterise(self.boxes[int(indices[row])], self.size))
        return masks

    def _batch(self, indices: np.ndarray, images: Tensor | None, masks: Tensor, early: Tensor | None = None) -> Batch:
        # A rotation may have turned a box out of the picture.
        has_box = masks.flatten(1).amax(1) > 0  # (b, h, w) -> (b,); twenty times as fast as any
        return Batch(images, self.labels[indices], masks, has_box, early)

    def __getitem__(self, index: int) -> Batch:
        return self.__getitems__([index])


def _check_kept(kept: KeptFeatures, data: Prepared, augment: str) -> None:
    if len(kept) != len(data):
        raise ValueError(f"the features are of {len(kept)} images, not of these {len(data)}: keep those of these")
    if augment == "strong" or (augment == "flip" and kept.flips == 1):
        raise ValueError(f"augmentation = {augment!r} changes images in ways that were not kept: train without `kept`")


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


def to_unit(images: Tensor) -> Float[Tensor, "b 3 h w"]:
    """Images as floats in [0, 1]. Raises ValueError where an image holds NaN or infinity."""
    if not images.is_floating_point():
        return images.float() / 255
    if not images.isfinite().all():
        bad = (~images.isfinite()).flatten(1).any(1).nonzero()[0, 0].item()
        raise ValueError(f"image {bad} of the batch holds NaN or infinity: repair or remove it")
    return images
