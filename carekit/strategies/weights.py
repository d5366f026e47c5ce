"""Weights of the classes from how many images they have."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


def checked(counts: Sequence[float]) -> Float[np.ndarray, " c"]:
    """The counts as floats. Raises ValueError for a class without any image."""
    numbers = np.asarray(counts, dtype=np.float64)
    if (numbers < 1).any():
        empty = int(np.argmin(numbers))
        raise ValueError(f"class {empty} has no training sample: remove the class or add images of it")
    return numbers


def class_weights(counts: Sequence[float]) -> Float[Tensor, " c"]:
    """n / (c · n_c) for each class: a balanced data set has weights of 1. Raises ValueError for an empty class."""
    numbers = checked(counts)
    return torch.tensor(numbers.sum() / (len(numbers) * numbers), dtype=torch.float32)


def effective_weights(counts: Sequence[int], beta: float) -> Float[Tensor, " c"]:
    """(1 - β) / (1 - β^n_c) for each class, scaled to a mean of 1 (Cui et al. 2019).

    The n-th image of a class brings β times what the one before it brought; β = 0 gives weights of 1, and towards 1
    they become `class_weights` but for the scale.

    Args:
        counts: images of each class.
        beta: β, in [0, 1).

    Raises:
        ValueError: for β out of range, and for an empty class.
    """
    check_beta(beta)
    numbers = checked(counts)
    # 1 - β^n by way of the logarithm: β is close to 1, where the difference itself would lose its digits.
    effective = np.ones_like(numbers)
    if beta:
        effective = -np.expm1(numbers * np.log(beta)) / (1 - beta)
    return torch.tensor(1 / effective / (1 / effective).mean(), dtype=torch.float32)


def check_beta(beta: float) -> None:
    """Raises ValueError for β out of range."""
    if not 0 <= beta < 1:
        raise ValueError(f"beta = {beta} is out of range: choose 0 <= beta < 1 (0.999 is usual)")
