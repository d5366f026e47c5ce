"""Exercises of lesson 2: class activation maps."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from carekit.course.exercises.exercise import drawn, solution
from carekit.method.cam import raw_activation_map


def sum_place_by_place(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    total = np.zeros(features.shape[1:])
    for k, i, j in np.ndindex(*features.shape):
        total[i, j] += weights[k] * features[k, i, j]
    return total


def draw_channels(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return random.random((3, 4, 5)), random.normal(size=3)


@solution(
    cases=drawn(lambda random: (random.normal(size=(4, 5)), float(random.normal()))),
    truth=lambda F, bias: float(sum(float(value) for row in F.tolist() for value in row) + bias),
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
    features = torch.tensor(random.normal(size=(3, 4, 2, 3)), requires_grad=True)
    weight = torch.tensor(random.normal(size=(4, 5)))
    logits = (features * features.tanh()).mean((2, 3)) @ weight  # (b, k, u, v) -> (b, c)
    classes = (logits.argmax(1) + torch.tensor(random.integers(1, 5, 3))) % 5  # never the predicted one
    return logits, features, classes


@solution(
    cases=drawn(draw_pass, 4), truth=lambda logits, features, classes: raw_activation_map(logits, features, classes)
)
def my_grad_cam(logits: Tensor, features: Tensor, classes: Tensor) -> Tensor:
    """logits (b, c), features (b, k, u, v) of one forward pass, classes (b,): tensors. Returns the maps (b, u, v)."""
    scores = logits.gather(1, classes[:, None])
    (gradient,) = torch.autograd.grad(scores.sum(), features)
    sigma = gradient.mean((2, 3), keepdim=True)
    return (sigma * features).sum(1)


def min_max_in_python(F: np.ndarray) -> list[list[float]]:
    values = [value for row in F.tolist() for value in row]
    low, high = min(values), max(values)
    return [[(value - low) / (high - low) if high > low else 0.0 for value in row] for row in F.tolist()]


@solution(
    cases={
        **drawn(lambda random: (random.normal(size=(3, 4)),), 4),
        "all negative": lambda: (-1 - np.random.default_rng(7).random((3, 4)),),
        "a constant map": lambda: (np.full((3, 4), 2.5),),
    },
    truth=min_max_in_python,
)
def my_normalise(F: np.ndarray) -> np.ndarray:
    """F (u, v), any numbers. Returns the map in [0, 1]."""
    shifted = F - F.min()
    return shifted / shifted.max() if shifted.max() > 0 else shifted


def draw_peaked(random: np.random.Generator) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """A map and a box that has the peak just inside, just outside, or at the mirrored place."""
    F, height, width = random.random((6, 9)), 6, 9
    i, j = int(random.integers(1, height - 1)), int(random.integers(1, width - 1))
    F[i, j] = 2.0
    x0, y0 = j - int(random.integers(0, 2)), i - int(random.integers(0, 2))
    return F, (x0, y0, x0 + int(random.integers(1, 3)), y0 + int(random.integers(1, 3)))


def peak_by_looking(F: np.ndarray, box: tuple[int, int, int, int]) -> float:
    best = max(((F[i, j], i, j) for i, j in np.ndindex(*F.shape)), key=lambda each: each[0])
    return float(best[2] in range(box[0], box[2]) and best[1] in range(box[1], box[3]))


@solution(cases=drawn(draw_peaked, 24), truth=peak_by_looking)
def my_peak_inside(F: np.ndarray, box: tuple) -> Any:
    """F (h, w), box (x0, y0, x1, y1) in whole pixels. Returns True or False."""
    row, column = np.unravel_index(F.argmax(), F.shape)
    x0, y0, x1, y1 = box
    return x0 <= column < x1 and y0 <= row < y1
