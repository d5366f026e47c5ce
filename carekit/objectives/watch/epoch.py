"""Attention over an epoch: a batch without a box neither counts nor turns the mean into NaN."""

import torch
from jaxtyping import Float, Num
from torch import Tensor

from carekit.method.cam import resize


class EpochAttention:
    """The mean share of the maps' sum that falls inside the boxes, over all boxed images of an epoch.

    In each batch `attention.update(care.last)`, at the end `attention.compute()`; then `attention.reset()`. Under
    torch.distributed the mean is over the images of all ranks.

    Lesson 3.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin a new epoch."""
        self.total = 0.0
        self.uniform = 0.0
        self.images = 0

    def update(self, seen: tuple | None) -> None:
        """Count the images of one batch.

        Args:
            seen: maps (n, u, v) and masks (n, h, w) of the boxed images, such as `care.last`; None where a batch had
                none. Maps are compared at the size of the masks. A map that is zero everywhere scores 0.
        """
        if seen is None or len(seen[0]) == 0:
            return
        shares, uniform = inside(seen[0], seen[1])
        self.total += float(shares.sum())
        self.uniform += float(uniform.sum())
        self.images += len(shares)

    def compute(self) -> dict[str, float]:
        """`attention_inside`, and `attention_uniform`, what a map without any preference scores.

        Both are NaN where no image had a box.
        """
        sums = torch.tensor([self.total, self.uniform, self.images], dtype=torch.float64)
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.all_reduce(sums)
        mean = (sums[:2] / sums[2]).tolist()  # 0 / 0 is NaN
        return {"attention_inside": mean[0], "attention_uniform": mean[1], "boxed": int(sums[2])}


def inside(
    maps: Float[Tensor, "n u v"], masks: Num[Tensor, "n h w"]
) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """The share of each map's sum inside its mask, and the share of the area that the mask has. Lesson 3."""
    masks = masks.to(maps.device, torch.float32)
    large = resize(maps.detach().float(), (masks.shape[1], masks.shape[2]))  # (n, u, v) -> (n, h, w)
    whole = large.sum((1, 2))
    shares = (large * masks).sum((1, 2)) / torch.where(whole > 0, whole, 1.0)
    return shares, masks.mean((1, 2))
