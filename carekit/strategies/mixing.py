"""Mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019), with boxes respected.

An image keeps its own label, whose map is made, and its own box; the label of the image mixed in enters L_c alone, by
its share. A box, or the part of one, that a patch covers is no box: what is asked of the map is then the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from carekit.data.batches import Batch
from carekit.strategies.strategy import Strategy


@dataclass(frozen=True)
class Mixup(Strategy):
    """Each image becomes λ of itself and 1 - λ of another of its batch, λ drawn from Beta(a, a) once a batch.

    λ is taken as max(λ, 1 - λ), so that an image stays mostly itself, and its box its own: the pairs are the same.

    Args:
        a: above 0; the larger, the more is mixed.

    Raises:
        ValueError: for a out of range.
    """

    a: float = 0.2

    def __post_init__(self) -> None:
        _check(self.a)

    def batch(self, batch: Batch) -> Batch:
        drawn = _beta(self.a)
        return mixed(batch, torch.randperm(len(batch.labels)), max(drawn, 1 - drawn))


@dataclass(frozen=True)
class CutMix(Strategy):
    """A patch of each image is replaced by that of another of its batch, in the same place.

    The patch has 1 - λ of the area, λ drawn from Beta(a, a) once a batch, around a point drawn anywhere; what hangs
    over the edge is cut off, and the shares are those of the areas that are left.

    Args:
        a: above 0; 1 draws all areas equally often.

    Raises:
        ValueError: for a out of range.
    """

    a: float = 1.0

    def __post_init__(self) -> None:
        _check(self.a)

    def batch(self, batch: Batch) -> Batch:
        height, width = batch.images.shape[2:]
        patch = drawn_patch(height, width, _beta(self.a))
        return cut(batch, torch.randperm(len(batch.labels)), patch)


def drawn_patch(height: int, width: int, share: float) -> tuple[slice, slice]:
    """Rows and columns of a patch of 1 - `share` of the area around a point drawn anywhere, cut off at the edges."""
    half = 0.5 * (1 - share) ** 0.5
    column = int(torch.randint(width, (1,)))
    row = int(torch.randint(height, (1,)))
    return _around(row, int(half * height), height), _around(column, int(half * width), width)


def _around(middle: int, half: int, end: int) -> slice:
    return slice(max(middle - half, 0), min(middle + half, end))


def mixed(batch: Batch, order: Int[Tensor, " b"], share: float) -> Batch:
    """`share` of each image and 1 - `share` of the one at `order`, rounded; boxes stay."""
    images = share * batch.images.float() + (1 - share) * batch.images[order].float()
    if not batch.images.is_floating_point():
        images = images.round().to(torch.uint8)
    return batch._replace(images=images, mixed_with=batch.labels[order], share=share)


def cut(batch: Batch, order: Int[Tensor, " b"], patch: tuple[slice, slice]) -> Batch:
    """Each image with the rows and columns of `patch` from the one at `order`; there its own mask is empty."""
    rows, columns = patch
    images, masks = batch.images.clone(), batch.m_in.clone()
    images[:, :, rows, columns] = batch.images[order][:, :, rows, columns]
    masks[:, rows, columns] = 0
    # The patch may hang over the edge: the share is that of the area which it really covers.
    covered = (rows.stop - rows.start) * (columns.stop - columns.start)
    share = 1 - covered / masks[0].numel()
    return batch.showing(images, masks)._replace(mixed_with=batch.labels[order], share=share)


def of_both_labels(
    class_loss: Callable[[Tensor, Tensor], Tensor], mixed_with: Int[Tensor, " b"], share: float
) -> Callable[[Tensor, Tensor], Tensor]:
    """L_c of a mixed batch: `share` of it towards the labels, the rest towards `mixed_with`."""

    def loss(logits: Tensor, labels: Tensor) -> Tensor:
        return share * class_loss(logits, labels) + (1 - share) * class_loss(logits, mixed_with)

    return loss


def _beta(a: float) -> float:
    return torch.distributions.Beta(a, a).sample().item()


def _check(a: float) -> None:
    if not 0 < a < float("inf"):
        raise ValueError(f"a = {a} is out of range: choose a > 0 (0.2 is usual for mixup, 1 for CutMix)")
