"""The solution in each notebook passes its check; an empty or a wrong answer gets a line that explains."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from carekit.lessons import checks

NOTEBOOKS = [
    path
    for path in sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
    if "checks." in path.read_text(encoding="utf-8")
]


def exercise(path):
    """(stub, solution): the code of the exercise cell, and of its collapsed solution put in the stub's place."""
    cells = nbformat.read(path, 4).cells
    stub = next(cell.source for cell in cells if "exercise" in cell.metadata.get("tags", []))
    text = next(cell.source for cell in cells if "solution" in cell.metadata.get("tags", []))
    solution = re.search(r"```python\n(.*?)```", text, re.S).group(1)
    return stub, solution + "\n" + stub[stub.rindex("checks.") :]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_stub_is_not_yet_and_the_solution_is_right(path):
    stub, solution = exercise(path)
    assert repr(verdict(stub)).startswith("Not yet")
    assert repr(verdict(solution)).startswith("Right") and verdict(solution)


def verdict(code):
    """What a notebook would show: the value of the last line."""
    names = {"checks": checks, "np": np}
    body, call = code[: code.rindex("checks.")], code[code.rindex("checks.") :]
    exec(body, names)
    return eval(call, names)


def shared(a, b, plus=0):
    """The shared area and both areas of two boxes, with sides that are never cut at 0."""
    areas = [(x1 - x0 + plus) * (y1 - y0 + plus) for x0, y0, x1, y1 in (a, b)]
    width = min(a[2], b[2]) - max(a[0], b[0]) + plus
    height = min(a[3], b[3]) - max(a[1], b[1]) + plus
    return width * height, *areas


def overlap_uncut(a, b, plus=0):
    both, first, second = shared(a, b, plus)
    return both / (first + second - both)


@pytest.mark.parametrize(
    ("check", "answer", "words"),
    [
        (checks.overlap, lambda a, b: shared(a, b)[0] / sum(shared(a, b)[1:]), "the shared one twice"),
        (checks.overlap, lambda a, b: shared(a, b)[0] / shared(a, b)[2], "the coverage"),
        (checks.overlap, lambda a, b: shared(a, b)[0] / shared(a, b)[1], "first box alone"),
        (checks.overlap, lambda a, b: shared(a, b)[0], "the shared area: divide"),
        (checks.overlap, lambda a, b: overlap_uncut(a, b, plus=1), "half-open"),
        (checks.overlap, overlap_uncut, "apart in x and y must give 0"),
    ],
)
def test_a_wrong_answer_is_explained(check, answer, words):
    assert not check(answer)
    assert re.search(words, repr(check(answer)))
