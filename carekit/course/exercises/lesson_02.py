"""Exercises of lesson 2: class activation maps."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from carekit.course.exercises.exercise import drawn, solution
from carekit.method.cam import raw_activation_map


def sum_place_by_place(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Eq. 3 as a loop."""
    total = np.zeros(features.shape[1:])
    for k, i, j in np.ndindex(*features.shape):
        total[i, j] += weights[k] * features[k, i, j]
    return total


def draw_channels(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    # Height and width differ, so that swapped axes give another shape. Weights have both signs: a ReLU shows.
    return random.random((3, 4, 5)), random.normal(size=3)


@solution(
    # Maps with negative places: whoever clips them gets another score.
    cases=drawn(lambda random: (random.normal(size=(4, 5)), float(random.normal()))),
    truth=lambda F, bias: sum(F.ravel().tolist()) + bias,
)
def my_score(F: np.ndarray, bias: float) -> float:
    """F: the map (u, v) of a class, not normalised; bias: that of the class. Returns the score of the class."""
    return F.sum() + bias


@solution(cases=drawn(draw_channels), truth=sum_place_by_place)
def my_map(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """features (k, u, v), weights (k,), both NumPy arrays. Returns F, (u, v)."""
    return (weights[:, None, None] * features).sum(0)


def draw_pass(random: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """One forward pass through a head that is not linear, so that the gradient differs from place to place."""
    # The features are computed, as in a network: `features.grad` is empty there, so .backward() gives no gradient.
    features = torch.tensor(random.normal(size=(3, 4, 2, 3)), requires_grad=True) * 1.0
    weight = torch.tensor(random.normal(size=(4, 5)))
    logits = (features * features.tanh()).mean((2, 3)) @ weight  # (b, k, u, v) -> (b, c)
    classes = (logits.argmax(1) + torch.tensor(random.integers(1, 5, 3))) % 5  # never the predicted one
    return logits, features, classes


@solution(
    cases=drawn(draw_pass, 4),
    # The kit's own map, which has tests of its own: it takes one gradient for all maps of a batch.
    truth=lambda logits, features, classes: raw_activation_map(logits, features, classes),
)
def my_grad_cam(logits: Tensor, features: Tensor, classes: Tensor) -> Tensor:
    """logits (b, c), features (b, k, u, v) of one forward pass, classes (b,): tensors. Returns the maps (b, u, v)."""
    scores = logits.gather(1, classes[:, None])
    (gradient,) = torch.autograd.grad(scores.sum(), features)
    sigma = gradient.mean((2, 3), keepdim=True)
    return (sigma * features).sum(1)


def min_max_in_python(F: np.ndarray) -> np.ndarray:
    """Min-max, value by value."""
    values = F.ravel().tolist()
    low, high = min(values), max(values)
    spread = high - low or 1.0  # of a constant map every value is the lowest: zeros, whatever they are divided by
    return np.reshape([(value - low) / spread for value in values], F.shape)


@solution(
    cases={
        **drawn(lambda random: (random.normal(size=(3, 4)),), 4),
        # Below 0 the largest value is not the one with the largest size.
        "all negative": lambda: (-1 - np.random.default_rng(7).random((3, 4)),),
        # Hardly a difference is still one: only an exact 0 may be left undivided.
        "a faint map": lambda: (0.01 * np.random.default_rng(8).random((3, 4)),),
        "a constant map": lambda: (np.full((3, 4), 2.5),),
    },
    truth=min_max_in_python,
)
def my_normalise(F: np.ndarray) -> np.ndarray:
    """F (u, v), any numbers. Returns the map in [0, 1]."""
    shifted = F - F.min()
    return shifted / shifted.max() if shifted.max() > 0 else shifted


def draw_peaked(random: np.random.Generator) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """A map and a box that has the peak just inside, or just outside on one of its four sides."""
    F, height, width = random.random((6, 9)), 6, 9
    i, j = int(random.integers(1, height - 1)), int(random.integers(1, width - 1))
    F[i, j] = 2.0
    x0, y0 = j - int(random.integers(-1, 2)), i - int(random.integers(-1, 2))
    return F, (x0, y0, x0 + int(random.integers(1, 3)), y0 + int(random.integers(1, 3)))


def draw_far_peak(random: np.random.Generator) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """A map whose peak is far from the box: who always answers yes is wrong here."""
    F = random.random((6, 9))
    F[5, int(random.integers(0, 9))] = 2.0
    return F, (2, 2, 5, 4)


def peak_by_looking(F: np.ndarray, box: tuple[int, int, int, int]) -> float:
    """Whether the best of all places is in the ranges of the box."""
    row, column = max(np.ndindex(*F.shape), key=lambda place: F[place])
    return float(column in range(box[0], box[2]) and row in range(box[1], box[3]))


# Many cases, since each gives one yes or no only.
@solution(cases={**drawn(draw_peaked, 40), **drawn(draw_far_peak, 4, "far away, ")}, truth=peak_by_looking)
def my_peak_inside(F: np.ndarray, box: tuple) -> Any:
    """F (h, w), box (x0, y0, x1, y1) in whole pixels. Returns True or False."""
    row, column = np.unravel_index(F.argmax(), F.shape)
    x0, y0, x1, y1 = box
    return x0 <= column < x1 and y0 <= row < y1
