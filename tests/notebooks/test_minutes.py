"""The minutes that a lesson states are those that it takes: reading, exercises and play."""

import re
from pathlib import Path

import nbformat
import pytest

from carekit.course.exercises import EXERCISES

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
WORDS_A_MINUTE = 200
EXPLORER, PREDICTION, QUESTION = 3, 1, 0.5  # minutes each


def minutes_of(path):
    """Words outside of folds, exercises without the bonus, explorers, predictions, questions of the quiz."""
    cells = nbformat.read(path, as_version=4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    reading = len(re.sub(r"<details>.*?</details>", "", prose, flags=re.S).split()) / WORDS_A_MINUTE
    asked = [EXERCISES[name] for name in re.findall(r'exercises\.check\("(\w+)"', code)]
    exercises = sum(each.minutes for each in asked if each.level != "bonus")
    play = EXPLORER * len(re.findall(r"\bexplore_\w+\(", code)) + PREDICTION * prose.count("Predict, then look:")
    return reading + exercises + play + QUESTION * len(re.findall(r"^\*\*\d\. ", prose, re.M))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_the_stated_minutes_are_within_a_fifth_of_what_it_takes(path):
    title = nbformat.read(path, as_version=4).cells[0].source
    stated = int(re.search(r"(\d+) minutes", title)[1])
    assert 0.8 * minutes_of(path) <= stated <= 1.2 * minutes_of(path) and stated <= 40, minutes_of(path)
