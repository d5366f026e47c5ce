"""The Markdown and the Python file of a lesson fit together, and what is written into the notebooks is whole."""

import ast
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from carekit.course import exercises
from carekit.course.exercises import EXERCISES, Exercise
from carekit.course.exercises.lesson_file import exercises_of
from carekit.course.exercises.rendering import cells

PACKAGE = Path(exercises.__file__).parent
NOTEBOOKS = sorted((Path(__file__).parents[3] / "notebooks").glob("*.ipynb"))
STRAY = re.compile(r'"\n\s*"')  # what an automatic line wrap once put into triple-quoted text


def texts_in(source):
    """The docstrings and other strings of Python source."""
    constants = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return [value for value in constants if isinstance(value, str)]


def test_the_capital_of_a_name_stays():
    (_, _, text, _), *_ = cells(EXERCISES.named("grad_cam"))
    assert text.startswith("### Exercise: Grad-CAM by automatic differentiation\n")
    for exercise in EXERCISES.values():
        assert f"### Exercise: {exercise.title}\n" in cells(exercise)[0][2]


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.name)
def test_no_cell_of_an_exercise_has_stray_quotes(exercise):
    for _, kind, source, _ in cells(exercise):
        assert not STRAY.search(source), source
        if kind == "code":
            ast.parse(source)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_text_in_a_notebooks_code_has_stray_quotes(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert not any(map(STRAY.search, texts_in(re.sub(r"^[%!].*$", "", cell.source, flags=re.M))))


def test_no_docstring_of_the_package_has_stray_quotes():
    for path in PACKAGE.parents[1].rglob("*.py"):
        assert not any(map(STRAY.search, texts_in(path.read_text(encoding="utf-8")))), path


@pytest.mark.parametrize(
    "exercise", [e for e in EXERCISES.values() if isinstance(e, Exercise)], ids=lambda exercise: exercise.name
)
def test_a_learner_sees_the_solution_without_types_and_with_the_lines_that_run(exercise):
    shown = ast.parse(exercise.solution).body[0]
    run = ast.parse(exercise.reference().__doc__ and (PACKAGE / f"lesson_{exercise.lesson:02d}.py").read_text("utf-8"))
    (real,) = [node for node in run.body if getattr(node, "name", "") == exercise.function]
    assert not any(argument.annotation for argument in shown.args.args) and shown.returns is None
    assert list(map(ast.dump, shown.body)) == list(map(ast.dump, real.body[1:]))


def copy_of_lesson_4(folder, change):
    for suffix in (".py", ".md"):
        shutil.copy(PACKAGE / f"lesson_04{suffix}", folder)
    path = folder / "lesson_04.md"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    return path


def test_a_heading_and_a_function_are_all_that_an_exercise_needs(tmp_path):
    path = copy_of_lesson_4(tmp_path, lambda text: text)
    assert [exercise.name for exercise in exercises_of(path)] == [
        name for name, exercise in EXERCISES.items() if exercise.lesson == 4
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("`my_push`", "`my_pull`"), "lesson_04.md: knee: there is no 'my_pull'"),
        (lambda text: text[: text.index("## knee")], "no heading asks for my_push of lesson_04.py"),
        (lambda text: text.replace("### Rule", "### Ruler", 1), "total_loss: there is no 'Rule'"),
        (lambda text: text.replace("warm-up, 3", "easy, 3"), "total_loss: .* should be like this: `my_answer`, exerci"),
        (lambda text: text.replace("\n-    L_a = L_in", "\n-    L_b = L_in", 1), "does not stand in the solution"),
    ],
)
def test_a_lesson_whose_files_do_not_fit_is_an_error(tmp_path, change, words):
    with pytest.raises(ValueError, match=words):
        exercises_of(copy_of_lesson_4(tmp_path, change))
