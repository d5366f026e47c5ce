"""Checks of lesson 9's exercises: the learner's function against an independent computation, one hint where it differs.

Those of lessons 1 to 6 are records in `carekit.lessons.exercises`. An empty answer is "not yet", no error, so that a
notebook runs through from top to bottom.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike

from carekit.lessons.exercises.verdict import Verdict

_EMPTY = Verdict(False, "Not yet: replace the ... by your lines and run the cell again.")


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
