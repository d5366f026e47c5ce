"""The focal loss (FL): what is already well classified counts less (Lin et al. 2017)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from carekit.strategies.strategy import Strategy


@dataclass(frozen=True)
class Focal(Strategy):
    """Training with the focal loss; `gamma` as in `FocalLoss`."""

    gamma: float = 2.0

    def class_loss(self, counts: Sequence[int]) -> nn.Module:
        return FocalLoss(self.gamma)


class FocalLoss(nn.Module):
    """Mean of -w (1 - p)^γ log p with p the true class's probability; γ = 0 is the cross-entropy.

    Args:
        gamma: γ, at least 0. Its gradient is finite for every γ, also where p is 1.
        weight: w of each class (c,), as `class_weights` gives them; the mean is then over the weights, as torch's is.
        ignore_index: a label that does not count.

    Raises:
        ValueError: for a γ below 0.
    """

    weight: Tensor | None

    def __init__(self, gamma: float = 2.0, weight: Tensor | None = None, ignore_index: int = -100):
        super().__init__()
        if gamma < 0:
            raise ValueError(f"gamma = {gamma} is out of range: choose gamma >= 0 (2 is usual)")
        self.gamma = gamma
        self.ignore_index = ignore_index
        self.register_buffer("weight", weight)

    def forward(self, logits: Float[Tensor, "b c"], labels: Int[Tensor, " b"]) -> Float[Tensor, ""]:
        counted = labels != self.ignore_index
        labels = labels.clamp(min=0)
        log_p = -functional.cross_entropy(logits, torch.where(counted, labels, 0), reduction="none")  # (b,)
        # 1 - p without cancellation, and never 0, where the slope of a power below 1 is infinite.
        rest = (-torch.expm1(log_p)).clamp(min=torch.finfo(logits.dtype).tiny)
        each = -(rest**self.gamma) * log_p
        weights = torch.ones_like(log_p) if self.weight is None else self.weight[labels]
        weights = weights * counted
        return (weights * each).sum() / weights.sum()
