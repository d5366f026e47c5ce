"""Exercises with checks that answer back: `check(name, answer)` in a notebook.

One file a lesson holds what is asked, the solution, an independent computation and the likely slips; the cells of the
notebooks, the hints of the checks and the wrong answers that the tests plant are made from it.
"""

from collections.abc import Callable
from typing import Any

from carekit.course.exercises import (
    lesson_0,
    lesson_1,
    lesson_2,
    lesson_3,
    lesson_4,
    lesson_5,
    lesson_6,
    lesson_7,
    lesson_8,
    lesson_9,
    lesson_10,
    lesson_11,
    lesson_12,
    lesson_13,
    lesson_14,
    lesson_15,
)
from carekit.course.exercises.checking import judge, yours_or_solution
from carekit.course.exercises.exercise import Choice, Exercise, t_of
from carekit.course.exercises.verdict import Verdict
from carekit.ground.registry import Table

__all__ = ["EXERCISES", "Choice", "Exercise", "Verdict", "check", "t_of", "yours"]
LESSONS = (
    lesson_0,
    lesson_1,
    lesson_2,
    lesson_3,
    lesson_4,
    lesson_5,
    lesson_6,
    lesson_7,
    lesson_8,
    lesson_9,
    lesson_10,
    lesson_11,
    lesson_12,
    lesson_13,
    lesson_14,
    lesson_15,
)
EXERCISES: Table[Exercise | Choice] = Table(
    "exercise", {each.name: each for lesson in LESSONS for each in lesson.EXERCISES}
)


def check(name: str, answer: Any) -> Verdict:
    """Judge the answer to an exercise.

    Args:
        name: a key of `EXERCISES`.
        answer: a function, or for a question with choices a letter.

    Returns:
        Whether it is right, with what follows from it, or with the likely mistake.

    Raises:
        ValueError: for another name.
    """
    return judge(EXERCISES.named(name), answer)


def yours(name: str, answer: Callable) -> Callable:
    """Your function where it is right, else the solution, so that the lesson goes on; prints which.

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
