"""Exercises with checks that answer back: `check(name, answer)` in a notebook.

An exercise is a heading in a lesson's Markdown file, with what is asked and the likely slips, and functions in the
Python file of the same name: the solution, its cases and an independent computation. The cells of the notebooks, the
hints of the checks and the wrong answers that the tests plant are made from them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from carekit.course.exercises.checking import grade, yours_or_solution
from carekit.course.exercises.exercise import Choice, Exercise, t_of
from carekit.course.exercises.lesson_file import exercises_of
from carekit.course.exercises.verdict import Verdict
from carekit.ground.registry import Registry

__all__ = ["EXERCISES", "Choice", "Exercise", "Verdict", "check", "t_of", "yours"]
LESSONS = sorted(Path(__file__).parent.glob("lesson_*.md"))
EXERCISES: Registry[Exercise | Choice] = Registry(
    "exercise", {exercise.name: exercise for path in LESSONS for exercise in exercises_of(path)}
)


def check(name: str, answer: Any) -> Verdict:
    """Grade the answer to an exercise.

    Args:
        name: a key of `EXERCISES`.
        answer: a function, or for a question with choices a letter.

    Returns:
        Whether it is right, with what follows from it, or with the likely mistake.

    Raises:
        ValueError: for another name.
    """
    functions = [exercise.function for exercise in EXERCISES.values() if isinstance(exercise, Exercise)]
    return grade(EXERCISES.named(name), answer, functions)


def yours(name: str, answer: Callable) -> Callable:
    """Your function if it is right, else the solution, so that the lesson can continue; prints which.

    Args:
        name: a key of `EXERCISES`.
        answer: your function.

    Raises:
        ValueError: for another name, or for an exercise that is a question with choices.
    """
    exercise = EXERCISES.named(name)
    if isinstance(exercise, Choice):
        raise ValueError(f"{name} is a question, not a function: use check")
    return yours_or_solution(exercise, answer)
