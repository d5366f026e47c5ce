"""What a class owes to its frequency alone is taken out of its score, in training or after it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from carekit.data.batches import BoxedImages
from carekit.networks import Backbone
from carekit.strategies.heads import last_linear
from carekit.strategies.strategy import Strategy
from carekit.strategies.weights import checked


@dataclass(frozen=True)
class BalancedSoftmax(Strategy):
    """Cross-entropy of y + tau · log π, with π the classes' shares of the training images.

    tau = 1 is balanced softmax (Ren et al. 2020), which is the logit-adjusted loss of Menon et al. (2021).

    Args:
        tau: strength of the adjustment, at least 0; 0 is the cross-entropy.

    Raises:
        ValueError: for tau out of range.
    """

    tau: float = 1.0

    def __post_init__(self) -> None:
        _check(self.tau)

    def class_loss(self, counts: Sequence[int]) -> nn.Module:
        return AdjustedLoss(self.tau * log_shares(counts))


class AdjustedLoss(nn.Module):
    """Cross-entropy of logits to which `offsets` (c,) are added, in training only."""

    offsets: Tensor

    def __init__(self, offsets: Float[Tensor, " c"]):
        super().__init__()
        self.register_buffer("offsets", offsets, persistent=False)

    def forward(self, logits: Float[Tensor, "b c"], labels: Int[Tensor, " b"]) -> Float[Tensor, ""]:
        # The network learns what is left when the frequencies are given, and answers without them.
        return functional.cross_entropy(logits + self.offsets, labels)


@dataclass(frozen=True)
class LogitAdjustment(Strategy):
    """Plain training; at its end tau · log π is taken from the biases (Menon et al. 2021, post hoc).

    Args:
        tau: strength of the adjustment, at least 0.

    Raises:
        ValueError: for tau out of range.
    """

    tau: float = 1.0

    def __post_init__(self) -> None:
        _check(self.tau)

    def class_loss(self, counts: Sequence[int]) -> nn.Module:
        checked(counts)  # now, and not after all epochs
        return super().class_loss(counts)

    def finish(self, model: Backbone, train: BoxedImages) -> None:
        bias = last_linear(model).bias
        offsets = self.tau * log_shares(list(train.data.counts().values()))
        with torch.no_grad():
            bias.sub_(offsets.to(bias))


def log_shares(counts: Sequence[int]) -> Float[Tensor, " c"]:
    """log π of each class's share of the images. Raises ValueError for an empty class."""
    numbers = torch.tensor(checked(counts))
    return (numbers / numbers.sum()).log().float()


def _check(tau: float) -> None:
    if not 0 <= tau < float("inf"):
        raise ValueError(f"tau = {tau} is out of range: choose tau >= 0 (1 is usual)")
