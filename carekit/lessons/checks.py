"""Checks of the exercises: the learner's function against an independent computation, and one hint where it differs.

Each check draws small cases, computes the answer by plain loops from the equation, and returns a Verdict. An empty
answer is "not yet", no error, so that a notebook runs through from top to bottom.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike


class Verdict:
    """Whether an answer is right, shown in a notebook as a line that says why."""

    def __init__(self, right: bool, text: str):
        self.right, self.text = right, text

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return self.text


_EMPTY = Verdict(False, "Not yet: replace the ... by your lines and run the cell again.")


def mean_class_accuracy(answer: Callable) -> Verdict:
    """Exercise 1: the mean recall of the classes."""
    labels, predicted = np.array([0, 0, 0, 0, 0, 0, 1, 1, 2]), np.array([0, 0, 0, 0, 1, 0, 1, 0, 1])
    per_class = []
    for c in range(3):
        right = sum(1 for t, p in zip(labels, predicted, strict=True) if t == p == c)
        per_class.append(right / sum(1 for t in labels if t == c))
    hints = {
        float((labels == predicted).mean()): "that is the accuracy: each image counts alike, so nv decides it.",
        float(np.sum(per_class)): "that is the sum of the recalls: divide by the number of classes.",
    }
    return _compare(answer, (labels, predicted), np.mean(per_class), hints, "the mean of the three recalls")


def activation_map(answer: Callable) -> Verdict:
    """Exercise 2: the weighted sum of the channels, Eq. 3."""
    features, weights = _random(3, 4, 5), _random(3, seed=1) - 0.5
    expected = np.zeros((4, 5))
    for k, i, j in np.ndindex(3, 4, 5):
        expected[i, j] += weights[k] * features[k, i, j]
    hints = {
        tuple(expected.clip(0).flatten()): "that is with a ReLU: Eq. 3 has none, and Algorithm 1 normalises instead.",
        tuple((expected / 3).flatten()): "that is the mean over the channels: Eq. 3 sums them.",
    }
    return _compare(answer, (features, weights), expected, hints, "the sum over k of weights[k] * features[k]")


def masks(answer: Callable) -> Verdict:
    """Exercise 3: M_in and M_out of one box."""
    expected = np.zeros((2, 6, 8))
    for i, j in np.ndindex(6, 8):
        inside = 2 <= j < 5 and 1 <= i < 4
        expected[:, i, j] = inside, not inside
    hints = {
        tuple(expected[::-1].flatten()): "M_in and M_out are swapped.",
        tuple(_swapped(6, 8).flatten()): "x and y are swapped: rows are y, columns are x.",
    }
    return _compare(answer, ((2, 1, 5, 4), (6, 8)), expected, hints, "1 where x0 <= column < x1 and y0 <= row < y1")


def _swapped(height: int, width: int) -> np.ndarray:
    masks = np.zeros((2, height, width))
    for i, j in np.ndindex(height, width):
        masks[:, i, j] = (2 <= i < 5 and 1 <= j < 4), not (2 <= i < 5 and 1 <= j < 4)
    return masks


def inner_loss(answer: Callable) -> Verdict:
    """Exercise 4: Eq. 6, below and above its threshold."""
    map_, m_in = _random(5, 6) * 0.8, np.zeros((5, 6))
    m_in[1:4, 2:5] = 1
    mean = sum(map_[i, j] for i, j in np.ndindex(5, 6) if m_in[i, j]) / 9
    whole = sum(map_[i, j] * m_in[i, j] for i, j in np.ndindex(5, 6)) / 30
    hints = {
        float(mean): "the sign: the loss falls as activation inside rises.",
        float(-whole): "divide by the number of pixels inside the box, not by all.",
        float(-max(mean, 0.9)): "min, not max: beyond tau more activation earns nothing.",
    }
    below = _compare(answer, (map_, m_in, 0.9), -mean, hints, "minus the mean inside the box, below tau")
    if not below:
        return below
    hints = {float(-mean): "right below tau, but above it the loss must stay at -tau."}
    return _compare(answer, (map_, m_in, mean / 2), -mean / 2, hints, "-tau where the mean inside exceeds tau")


def fair_control(answer: str) -> Verdict:
    """Exercise 5: what must CARE be compared with?"""
    explanations = {
        "a": "no: the pretrained model was trained for fewer epochs, so longer training alone could explain a gain.",
        "b": "right: the same second stage, epochs, seeds and order of images; only the attention loss is missing.",
        "c": "no: that changes the start as well, and the difference would no longer be that of the attention loss.",
    }
    return _choice(answer, explanations, "b")


def noise(answer: str) -> Verdict:
    """Exercise 6: when may one setting be called better than another?"""
    explanations = {
        "a": "no: of many settings with equal truth one always comes out highest.",
        "b": "no: with few test images one image already moves the recall by several points.",
        "c": "right: several seeds, paired, and an interval of the difference that leaves zero out.",
    }
    return _choice(answer, explanations, "c")


def overlap(answer: Callable) -> Verdict:
    """Exercise 9: intersection over union of two boxes, apart and overlapping."""
    a, b = (1, 2, 6, 5), (3, 1, 9, 4)
    cells = [{(x, y) for x in range(x0, x1) for y in range(y0, y1)} for x0, y0, x1, y1 in (a, b)]
    both, either = len(cells[0] & cells[1]), len(cells[0] | cells[1])
    hints = {
        both / (len(cells[0]) + len(cells[1])): "the sum of both areas has the shared one twice: take it off once.",
        both / len(cells[1]): "that is the coverage: divide by the area that at least one of the boxes holds.",
        both / len(cells[0]): "that is the share of the first box alone: divide by the area that either box holds.",
        float(both): "that is the shared area: divide by the area that either box holds.",
        12 / 40: "boxes are half-open: a side is x1 - x0 long, without + 1.",
    }
    met = _compare(answer, (a, b), both / either, hints, "the shared area over the area that either box holds")
    if not met:
        return met
    apart = _compare(answer, ((0, 0, 2, 2), (5, 6, 8, 9)), 0.0, {}, "0")
    if not apart:
        return Verdict(False, "Right where boxes meet, but those apart in x and y must give 0: no side < 0.")
    return apart


def _choice(answer: object, explanations: dict[str, str], right: str) -> Verdict:
    if answer in (None, ..., ""):
        return Verdict(False, "Not yet: put the letter of your answer between the quotes.")
    letter = str(answer).strip().lower()
    text = explanations.get(letter, f"{answer!r} is none of {', '.join(explanations)}.")
    return Verdict(letter == right, text[0].upper() + text[1:])


def _random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape)


def _compare(answer: Callable, arguments: tuple, expected: ArrayLike, hints: dict, rule: str) -> Verdict:
    """Call the answer and explain. hints: a known wrong value (flattened) -> what went wrong."""
    try:
        found = answer(*arguments)
    except Exception as error:  # whatever the learner's lines raise is shown to them, in one line
        return Verdict(False, f"Your function stopped with {type(error).__name__}: {error}")
    if found is None or found is ...:
        return _EMPTY
    try:
        found = np.asarray(found.detach() if isinstance(found, torch.Tensor) else found, float)
    except (TypeError, ValueError):
        return Verdict(False, f"Your function returns a {type(found).__name__}: return numbers.")
    expected = np.asarray(expected, float)
    if found.shape != expected.shape:
        return Verdict(False, f"Your answer has the shape {found.shape}, it should be {expected.shape}: {rule}.")
    if np.allclose(found, expected, atol=1e-6):
        return Verdict(True, "Right.")
    for wrong, hint in hints.items():
        if np.allclose(found.flatten(), np.asarray(wrong, float).flatten(), atol=1e-6):
            return Verdict(False, f"Not quite: {hint}")
    return Verdict(False, f"Not quite: it should be {rule}.")
