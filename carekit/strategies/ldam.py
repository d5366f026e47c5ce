"""Margins that grow as a class gets rarer, and weights that come late (LDAM-DRW, Cao et al. 2019)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from carekit.strategies.strategy import ClassLoss, Strategy
from carekit.strategies.weights import check_beta, checked, effective_weights


@dataclass(frozen=True)
class LDAM(Strategy):
    """Training with `LDAMLoss`; the classes are weighted by their effective numbers in the last epochs.

    Args:
        margin: that of the rarest class, above 0.
        scale: what logits and margins are multiplied by, above 0. The paper has 30, for a classifier of normalised
            features and weights, whose scores lie within -1 and 1; ordinary scores are larger, so 1.
        beta: see `carekit.strategies.effective_weights`.
        deferred: the share of the epochs before the weights come, in [0, 1]; 1 never weighs.

    Raises:
        ValueError: for a value out of range.
    """

    margin: float = 0.5
    scale: float = 1.0
    beta: float = 0.9999
    deferred: float = 0.8

    def __post_init__(self) -> None:
        check_beta(self.beta)
        for name in ("margin", "scale"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} = {getattr(self, name)} is out of range: choose {name} > 0")
        if not 0 <= self.deferred <= 1:
            raise ValueError(f"deferred = {self.deferred} is out of range: choose 0 <= deferred <= 1 (0.8 is usual)")

    def class_loss(self, counts: Sequence[int]) -> nn.Module:
        return LDAMLoss(
            margins(counts, self.margin),
            effective_weights(counts, self.beta),
            scale=self.scale,
            deferred=self.deferred,
        )


def margins(counts: Sequence[int], largest: float) -> Float[Tensor, " c"]:
    """C / n_c^(1/4) for each class, with C such that the rarest class gets `largest`. Raises for an empty class."""
    numbers = checked(counts)
    return torch.tensor(largest * (numbers.min() / numbers) ** 0.25, dtype=torch.float32)


class LDAMLoss(ClassLoss):
    """Cross-entropy of scale · (y - Δ), where Δ is the margin of the true class and 0 elsewhere.

    Args:
        margins: of each class (c,).
        weights: of each class (c,), from the epoch on at which `deferred` of all epochs are over.
        scale, deferred: see `LDAM`.
    """

    margins: Tensor
    later: Tensor

    def __init__(
        self, margins: Float[Tensor, " c"], weights: Float[Tensor, " c"], *, scale: float = 1.0, deferred: float = 0.8
    ):
        super().__init__()
        self.register_buffer("margins", margins, persistent=False)
        self.register_buffer("later", weights, persistent=False)
        self.scale = scale
        self.deferred = deferred
        self.weighs = False

    def start_epoch(self, epoch: int, epochs: int) -> None:
        self.weighs = epoch >= self.deferred * epochs

    def forward(self, logits: Float[Tensor, "b c"], labels: Int[Tensor, " b"]) -> Float[Tensor, ""]:
        # Only the true class's score is lowered: it has to win by the margin.
        margin = functional.one_hot(labels, logits.shape[1]) * self.margins  # (b, c)
        weight = None
        if self.weighs:  # the representation is learned unweighted first, as DRW has it
            weight = self.later
        return functional.cross_entropy(self.scale * (logits - margin), labels, weight=weight)
