"""Cost-sensitive learning (CSL): a class counts in inverse proportion to its images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from carekit.strategies.strategy import Strategy


@dataclass(frozen=True)
class CostSensitive(Strategy):
    """The cross-entropy weighted by class."""

    def class_loss(self, counts: Sequence[int]) -> nn.Module:
        return nn.CrossEntropyLoss(weight=class_weights(counts))


def class_weights(counts: Sequence[float]) -> Float[Tensor, " c"]:
    """n / (c · n_c) for each class: a balanced data set has weights of 1. Raises ValueError for an empty class."""
    numbers = np.asarray(counts, dtype=np.float64)
    if (numbers < 1).any():
        empty = int(np.argmin(numbers))
        raise ValueError(f"class {empty} has no training sample: remove the class or add images of it")
    return torch.tensor(numbers.sum() / (len(numbers) * numbers), dtype=torch.float32)
