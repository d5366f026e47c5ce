"""Cost-sensitive learning: the cross-entropy weighted by class."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from carekit.strategies.strategy import Strategy
from carekit.strategies.weights import check_beta, class_weights, effective_weights


@dataclass(frozen=True)
class CostSensitive(Strategy):
    """CSL: a class counts in inverse proportion to its images."""

    def class_loss(self, counts: Sequence[int]) -> nn.Module:
        return nn.CrossEntropyLoss(weight=class_weights(counts))


@dataclass(frozen=True)
class EffectiveNumber(Strategy):
    """A class counts in inverse proportion to its effective number of images (Cui et al. 2019).

    Args:
        beta: see `carekit.strategies.effective_weights`.

    Raises:
        ValueError: for beta out of range.
    """

    beta: float = 0.999

    def __post_init__(self) -> None:
        check_beta(self.beta)

    def class_loss(self, counts: Sequence[int]) -> nn.Module:
        return nn.CrossEntropyLoss(weight=effective_weights(counts, self.beta))
