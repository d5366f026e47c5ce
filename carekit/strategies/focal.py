"""The focal loss (FL): what is already well classified counts less (Lin et al. 2017)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from carekit.strategies.strategy import Strategy
from carekit.strategies.weights import class_weights


@dataclass(frozen=True)
class Focal(Strategy):
    """Training with the focal loss.

    Args:
        gamma: see `FocalLoss`.
        weighted: whether a class counts in inverse proportion to its images as well.

    Raises:
        ValueError: for gamma out of range.
    """

    gamma: float = 2.0
    weighted: bool = False

    def __post_init__(self) -> None:
        _check(self.gamma)

    def class_loss(self, counts: Sequence[int]) -> nn.Module:
        return FocalLoss(self.gamma, class_weights(counts) if self.weighted else None)


class FocalLoss(nn.Module):
    """Mean of -(1 - p)^γ log p with p the true class's probability; γ = 0 is the cross-entropy.

    The mean is weighted by class as torch's cross-entropy is; p itself never is. Its gradient is finite for any logits.

    Args:
        gamma: γ, at least 0.
        weight: of each class (c,); None: 1.

    Raises:
        ValueError: for gamma out of range.
    """

    weight: Tensor | None

    def __init__(self, gamma: float = 2.0, weight: Float[Tensor, " c"] | None = None):
        super().__init__()
        _check(gamma)
        self.gamma = gamma
        self.register_buffer("weight", weight, persistent=False)

    def forward(self, logits: Float[Tensor, "b c"], labels: Int[Tensor, " b"]) -> Float[Tensor, ""]:
        log_p = -functional.cross_entropy(logits, labels, reduction="none")  # (b,)
        # Exact where p is close to 1; at p = 1 the slope of a power below 1 would be infinite.
        missing = (-torch.expm1(log_p)).clamp(min=1e-12)
        each = -(missing**self.gamma) * log_p
        weights = torch.ones_like(each) if self.weight is None else self.weight[labels]
        return (weights * each).sum() / weights.sum()


def _check(gamma: float) -> None:
    if not 0 <= gamma < float("inf"):
        raise ValueError(f"gamma = {gamma} is out of range: choose gamma >= 0 (2 is usual)")
