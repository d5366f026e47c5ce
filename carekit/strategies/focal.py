"""The focal loss (FL): what is already well classified counts less (Lin et al. 2017)."""

from collections.abc import Sequence
from dataclasses import dataclass

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
    """Mean of -(1 - p)^γ log p with p the true class's probability; γ = 0 is the cross-entropy."""

    def __init__(self, gamma: float = 2.0):
        super().__init__()
        if gamma < 0:
            raise ValueError(f"gamma = {gamma} is out of range: choose gamma >= 0 (2 is usual)")
        self.gamma = gamma

    def forward(self, logits: Float[Tensor, "b c"], labels: Int[Tensor, " b"]) -> Float[Tensor, ""]:
        log_p = -functional.cross_entropy(logits, labels, reduction="none")  # (b,)
        return (-((1 - log_p.exp()) ** self.gamma) * log_p).mean()
