"""The exercises' cells in the notebooks are those of `carekit.course.exercises`, and quizzes explain each choice."""

import re
from pathlib import Path

import nbformat
import pytest

from carekit.course.exercises import EXERCISES
from carekit.course.exercises.rendering import cells

FOLDER = Path(__file__).parents[2] / "notebooks"
LESSONS = [
    path for path in sorted(FOLDER.glob("[0-9]*.ipynb")) if path.stem[:2] != "15"
]  # the wrap-up, a quiz that is answered by code


HERE = {int(path.stem[:2]) for path in FOLDER.glob("*.ipynb")}


@pytest.mark.parametrize(
    "exercise", [each for each in EXERCISES.values() if each.lesson in HERE], ids=lambda each: each.name
)
def test_the_cells_are_up_to_date(exercise):
    """If not: `.venv/bin/python docs/write_exercises.py`."""
    (path,) = FOLDER.glob(f"{exercise.lesson:02d}_*.ipynb")
    found = {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}
    for id_, kind, source, tags in cells(exercise):
        assert found[id_].source == source and found[id_].cell_type == kind
        assert found[id_].metadata.get("tags", []) == tags


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_each_question_of_the_quiz_has_one_right_choice_and_explains_all(path):
    (quiz,) = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.id == "quiz"]
    questions = re.split(r"^\*\*\d\. ", quiz, flags=re.M)[1:]
    assert len(questions) >= 3
    for question in questions:
        folds = re.findall(r"<details><summary>(.+?)</summary>\n\n(.+?)\n\n</details>", question, re.S)
        assert len(folds) == question.count("<details>") >= 3
        assert all(why.startswith(("**Right.**", "**No.**", "**No,**")) and len(why) > 20 for _, why in folds), question
        assert sum(why.startswith("**Right.**") for _, why in folds) == 1


def test_the_right_choice_stands_at_every_place():
    text = "\n".join(path.read_text(encoding="utf-8") for path in LESSONS)
    places = re.findall(r"<summary>([A-D])\.[^\n]*\n[^\n]*\n[^\n]*\*\*Right", text)
    assert set(places) >= {"A", "B"} and max(map(places.count, set(places))) < len(places)
