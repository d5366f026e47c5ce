"""Over-sampling, under-sampling, and classes drawn equally often."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor
from torch.utils.data import Sampler, WeightedRandomSampler

from carekit.strategies.strategy import Strategy


@dataclass(frozen=True)
class OverSampling(Strategy):
    """Each epoch draws as many images of each class as the largest has: all of them, and some again.

    An epoch has more steps than a plain one: compare at equal steps too.
    """

    def sampler(self, labels: Int[np.ndarray, " n"]) -> Sampler[int]:
        return EqualClasses(labels, int(np.bincount(labels).max()))


@dataclass(frozen=True)
class UnderSampling(Strategy):
    """Each epoch draws as many images of each class as the smallest has, others every time; it has fewer steps."""

    def sampler(self, labels: Int[np.ndarray, " n"]) -> Sampler[int]:
        counts = np.bincount(labels)
        return EqualClasses(labels, int(counts[counts > 0].min()))


class EqualClasses(Sampler[int]):
    """Rows of which each class that there is has `each`, in random order, from torch's global generator.

    A class with fewer is gone through again and again, in a new order each time, so no image is drawn twice more often
    than another of its class; one with more is drawn from without repetition.
    """

    def __init__(self, labels: Int[np.ndarray, " n"], each: int):
        self.rows = [torch.from_numpy(np.flatnonzero(labels == label)) for label in np.unique(labels)]
        self.each = each

    def __len__(self) -> int:
        return self.each * len(self.rows)

    def __iter__(self) -> Iterator[int]:
        # Each class in full first, then all in one random order: a batch holds what chance puts into it.
        drawn = torch.cat([self._of_class(rows) for rows in self.rows])
        yield from drawn[torch.randperm(len(drawn))].tolist()

    def _of_class(self, rows: Tensor) -> Tensor:
        rounds = -(-self.each // len(rows))  # rounded up
        return torch.cat([rows[torch.randperm(len(rows))] for _ in range(rounds)])[: self.each]


def balanced(labels: Int[np.ndarray, " n"]) -> Sampler[int]:
    """Class-balanced sampling (Kang et al. 2020): a draw for each image there is, of any class with the same chance."""
    weights = 1 / np.bincount(labels)[labels]  # (n,)
    return WeightedRandomSampler(weights.tolist(), len(labels))
