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
    """Mean of -w (1 - p)^γ log p with p the true class's probability; γ = 0 is the cross-entropy.

    p itself is never weighted. The gradient is finite for every γ and any logits, also where p is 1.

    Args:
        gamma: γ, at least 0.
        weight: w of each class (c,), as `class_weights` gives them; the mean is then over the weights, as torch's is.
        ignore_index: a label that does not count.

    Raises:
        ValueError: for gamma out of range.
    """

    weight: Tensor | None

    def __init__(self, gamma: float = 2.0, weight: Float[Tensor, " c"] | None = None, ignore_index: int = -100):
        super().__init__()
        _check(gamma)
        self.gamma = gamma
        self.ignore_index = ignore_index
        self.register_buffer("weight", weight, persistent=False)

    def forward(self, logits: Float[Tensor, "b c"], labels: Int[Tensor, " b"]) -> Float[Tensor, ""]:
        counted = labels != self.ignore_index
        labels = torch.where(counted, labels, 0)  # any class that there is: its loss is taken out again below
        log_p = -functional.cross_entropy(logits, labels, reduction="none")  # (b,)
        # 1 - p without cancellation, and never 0, where the slope of a power below 1 is infinite.
        missing = (-torch.expm1(log_p)).clamp(min=1e-12)
        losses = -(missing**self.gamma) * log_p  # (b,)
        # As torch's weighted cross-entropy: the mean is over the weights, so that rare classes do not raise the step.
        weights = counted.to(losses)
        if self.weight is not None:
            weights = self.weight[labels] * counted
        return (weights * losses).sum() / weights.sum()


def _check(gamma: float) -> None:
    if not 0 <= gamma < float("inf"):
        raise ValueError(f"gamma = {gamma} is out of range: choose gamma >= 0 (2 is usual)")
