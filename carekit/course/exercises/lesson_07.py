"""Exercises of lesson 7: what the treatments of imbalance do, each in a few lines."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from carekit.course.exercises.exercise import drawn, solution
from carekit.course.exercises.gradients import loss_with_gradient


def draw_counts(random: np.random.Generator) -> np.ndarray:
    # A class with one image, whose effective number is 1 whatever beta is.
    return random.permutation([1, 7, 40, 300])


def effective_by_sums(counts: np.ndarray, beta: float) -> list[float]:
    """By the geometric sum: the n-th image brings beta times what the one before it brought."""
    weights = [1 / float((beta ** np.arange(n)).sum()) for n in counts.tolist()]
    mean = sum(weights) / len(weights)
    return [weight / mean for weight in weights]


@solution(
    cases={
        # Floats, since an integer to a negative power is an error in NumPy.
        **drawn(lambda random: (draw_counts(random).astype(float), 0.9), 3),
        "a larger beta": lambda: (np.array([300.0, 20.0, 2.0]), 0.99),
    },
    truth=lambda counts, beta: effective_by_sums(counts.astype(int), beta),
)
def my_weights(counts: np.ndarray, beta: float) -> np.ndarray:
    """counts (c,): images of each class. beta in [0, 1). Returns a weight for each class (c,), with a mean of 1."""
    worth = (1 - beta**counts) / (1 - beta)
    weights = 1 / worth
    return weights / weights.mean()


def draw_logits(random: np.random.Generator) -> tuple[Tensor, Tensor]:
    return torch.tensor(random.normal(size=(5, 4)) * 2, dtype=torch.float64), torch.tensor(random.integers(0, 4, 5))


def very_sure() -> tuple[Tensor, Tensor, float]:
    """An image of which the network is so sure that p is 1 in floating point."""
    logits, labels = draw_logits(np.random.default_rng(9))
    logits[0] = torch.tensor([60.0, 0.0, 0.0, 0.0])
    labels[0] = 0
    return logits, labels, 0.5


def loss_and_gradient(function: Callable, logits: Tensor, labels: Tensor, *rest: object) -> Any:
    """The loss and its gradient by the logits: what a step would do."""
    logits = logits.clone().requires_grad_()
    return loss_with_gradient(function(logits, labels, *rest), logits)


def focal_in_python(logits: Tensor, labels: Tensor, gamma: float) -> list[float]:
    """Image by image: p from exponentials, and the slope of -(1 - p)^gamma log p by the chain rule, both in Python."""
    total, slopes = 0.0, []
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        top = max(row)
        powers = [math.exp(value - top) for value in row]
        missing = sum(powers[:label] + powers[label + 1 :]) / sum(powers)  # 1 - p without cancellation
        p = powers[label] / sum(powers)
        log_p = row[label] - top - math.log(sum(powers))
        total -= missing**gamma * log_p
        # The slope of log p by its logit is 1 - p, by another -p_c; that of (1 - p)^gamma by p is
        # -gamma (1 - p)^(gamma - 1).
        power = 0.0
        if gamma and missing > 1e-12:
            power = missing ** (gamma - 1)
        by_log_p = gamma * power * p * log_p - missing**gamma
        slopes += [by_log_p * ((c == label) - value / sum(powers)) for c, value in enumerate(powers)]
    return [total / len(labels), *(slope / len(labels) for slope in slopes)]


@solution(
    cases={
        # 64 bits and large logits: the slope is compared where p is near 0 and near 1.
        **drawn(lambda random: (*draw_logits(random), 2.0), 2),
        "a gamma below 1": lambda: (*draw_logits(np.random.default_rng(7)), 0.5),
        "gamma 0": lambda: (*draw_logits(np.random.default_rng(8)), 0.0),
        "p = 1, gamma below 1": very_sure,
    },
    truth=focal_in_python,
    probe=loss_and_gradient,
)
def my_focal(logits: Tensor, labels: Tensor, gamma: float) -> Tensor:
    """logits (b, c) and labels (b,), tensors. Returns the mean of -(1 - p)^gamma log p, a tensor."""
    log_p = torch.log_softmax(logits, 1)[torch.arange(len(labels)), labels]
    missing = (1 - log_p.exp()).clamp(min=1e-12)
    return (-(missing**gamma) * log_p).mean()


def draw_offered(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return random.normal(size=(6, 4)) * 3, draw_counts(random).astype(float)


def adjusted_by_bayes(logits: np.ndarray, counts: np.ndarray) -> list[list[float]]:
    """Probabilities of a world with equally likely classes: p(c | x) / share of c, made to sum to 1."""
    rows = []
    for row in logits.tolist():
        # The softmax's own denominator cancels when the row is made to sum to 1.
        likely = [math.exp(value) / count for value, count in zip(row, counts.tolist(), strict=True)]
        rows.append([value / sum(likely) for value in likely])
    return rows


@solution(cases=drawn(draw_offered), truth=adjusted_by_bayes)
def my_adjusted(logits: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """logits (n, c), counts (c,): training images of each class. Returns probabilities (n, c)."""
    y = logits - np.log(counts / counts.sum())
    e = np.exp(y)
    return e / e.sum(1, keepdims=True)


def draw_labels(random: np.random.Generator) -> tuple[np.ndarray]:
    return (random.permutation(np.repeat([0, 1, 3], [12, 5, 2])),)  # no image of class 2


def chance_of_each(labels: np.ndarray) -> list[float]:
    """A class first, each with the same chance, then one of its images."""
    there = sorted(set(labels.tolist()))
    return [1 / len(there) / labels.tolist().count(label) for label in labels.tolist()]


@solution(cases=drawn(draw_labels), truth=chance_of_each)
def my_chances(labels: np.ndarray) -> np.ndarray:
    """labels (n,): class numbers. Returns each image's chance to be drawn (n,), which sum to 1."""
    chances = 1 / np.bincount(labels)[labels]
    return chances / chances.sum()


def draw_cut(random: np.random.Generator) -> tuple:
    # Patches inside the box, across its border and beside it.
    m_in = np.zeros((8, 10))
    m_in[2:6, 3:7] = 1
    y0, x0 = random.integers(0, 5), random.integers(0, 7)
    return m_in, (int(y0), int(y0 + random.integers(2, 4)), int(x0), int(x0 + random.integers(2, 4)))


def cut_pixel_by_pixel(m_in: np.ndarray, patch: tuple[int, int, int, int]) -> list[float]:
    """By asking each pixel whether the patch covers it."""
    y0, y1, x0, x1 = patch
    covered = left = 0
    for y, x in np.ndindex(*m_in.shape):
        inside = y0 <= y < y1 and x0 <= x < x1
        covered += inside
        left += m_in[y, x] > 0 and not inside
    return [1 - covered / m_in.size, float(left), float(left > 0)]


@solution(
    # The random patches are smaller than the box, so that it is gone in the last case only.
    cases={**drawn(draw_cut, 12), "all covered": lambda: (draw_cut(np.random.default_rng(0))[0], (2, 6, 3, 7))},
    truth=cut_pixel_by_pixel,
)
def my_cut(m_in: np.ndarray, patch: tuple) -> tuple:
    """m_in (h, w): 1 inside the box. patch: (y0, y1, x0, x1). Returns (share, pixels left of the box, 1 or 0)."""
    y0, y1, x0, x1 = patch
    left = m_in.copy()
    left[y0:y1, x0:x1] = 0
    share = 1 - (y1 - y0) * (x1 - x0) / m_in.size
    return share, left.sum(), float(left.any())
