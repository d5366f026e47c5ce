"""Grade an answer: right with what follows from it, or the one mistake that explains all of it, or where it differs."""

import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from carekit.course.exercises.calling import Call, Unusable, call, pass_on
from carekit.course.exercises.exercise import Choice, Exercise, Slip, call_it, compiled
from carekit.course.exercises.pictures import difference
from carekit.course.exercises.verdict import Verdict

EMPTY = "Not yet: replace the ... by your lines and run the cell again."
NEAR = 1e-5  # relative and absolute: what float32 and another order of sums may change


@dataclass(frozen=True)
class Trial:
    """One call of the learner's function: the name of the case, what the call gave, and the right value."""

    case: str
    call: Call
    expected: np.ndarray

    @property
    def right(self) -> bool:
        """Whether the call gave the right numbers."""
        numbers = numbers_of(self.call.value)
        return self.call.error is None and numbers is not None and same(numbers, self.expected)


def grade(exercise: Exercise | Choice, answer: Any, functions: Collection[str] = ()) -> Verdict:
    """The verdict on an answer.

    Args:
        exercise: what is asked.
        answer: a function, or for a Choice a letter.
        functions: the names of the functions of all exercises, to recognise an answer to another one.
    """
    if isinstance(exercise, Choice):
        return grade_letter(exercise, answer)
    if not callable(answer):
        return Verdict(False, f"Give the function itself, without brackets: {exercise.function}.")
    if inspect.isclass(answer):
        return Verdict(False, f"{answer.__name__} is a class: give the function {exercise.function}.")
    if inspect.iscoroutinefunction(answer):
        return Verdict(False, "Your function is async, so a call gives no numbers yet: write `def` without `async`.")
    if is_stub(exercise, answer):
        return Verdict(False, EMPTY)
    trials = []
    for case, make in exercise.cases.items():
        arguments = make()
        outcome = call(exercise.probe, (answer, *arguments), exercise.seconds)
        pass_on(outcome.printed)
        if outcome.late:
            late = f"Your function was stopped after {exercise.seconds:g} seconds: does one of its loops never end?"
            return Verdict(False, late)
        # The arguments are made again, twice: the first ones were in the learner's hands.
        if place := changed_argument(arguments, make()):
            return Verdict(False, f"Your function changes its argument number {place}: work on a copy of it.")
        trials.append(Trial(case, outcome, as_array(exercise.truth(*make()))))
    if all(trial.right for trial in trials):
        return Verdict(True, f"Right. {exercise.so_what}")
    return explain(exercise, answer, trials, functions)


def grade_letter(exercise: Choice, answer: object) -> Verdict:
    """The verdict on a letter, with why it is right or wrong."""
    if answer in (None, ..., ""):
        return Verdict(False, "Not yet: put the letter of your answer between the quotes.")
    letter = str(answer).strip().strip(".)").lower()
    if letter not in exercise.choices:
        letters = ", ".join(exercise.choices)
        return Verdict(False, f"{answer!r} is none of {letters}: put one letter between the quotes.")
    _, why = exercise.choices[letter]
    if letter != exercise.right:
        return Verdict(False, f"No: {why}")
    return Verdict(True, f"Right: {why} {exercise.so_what}")


def is_stub(exercise: Exercise, answer: Any) -> bool:
    """Whether a function has no line yet but its docstring and the three dots."""
    code, empty = (
        getattr(function, "__code__", None) for function in (answer, compiled(exercise.stub, exercise.function))
    )
    if code is None or empty is None:
        return False
    # The docstring is among a code's constants, and may have been edited.
    return code.co_code == empty.co_code and set(code.co_consts) <= {answer.__doc__, None, ..., *empty.co_consts}


def changed_argument(arguments: tuple, fresh: tuple) -> int:
    """The number, from 1, of the first array, list or dict that is not as it was given; 0 if all are."""
    for place, (now, before) in enumerate(zip(arguments, fresh, strict=True), 1):
        if isinstance(now, np.ndarray | torch.Tensor) and not same(as_array(now), as_array(before)):
            return place
        if isinstance(now, list | dict) and repr(now) != repr(before):
            return place
    return 0


def as_array(value: Any) -> np.ndarray:
    """Numbers as an array. Raises TypeError or ValueError for anything else."""
    if isinstance(value, str):
        raise TypeError("text is no number")
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    elif isinstance(value, list | tuple):
        value = [as_array(item) for item in value]
    return np.asarray(value, float)


def numbers_of(value: Any) -> np.ndarray | None:
    """The numbers that a function returned, or None if they are none."""
    try:
        return None if value is None or value is ... else as_array(value)
    except (TypeError, ValueError):
        return None


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays agree but for rounding; NaN agrees with NaN, for slips that divide by zero."""
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=NEAR, atol=NEAR, equal_nan=True))


def explain(exercise: Exercise, answer: Callable, trials: list[Trial], functions: Collection[str]) -> Verdict:
    """The slips that give what the answer gives in every case; otherwise a description of the first wrong case."""
    wrong = next(trial for trial in trials if not trial.right)
    # Two slips may have one hint: it is given once.
    hints = list(dict.fromkeys(slip.hint for slip in exercise.slips if is_like(exercise, slip, trials)))
    picture = partial(difference, numbers_of(wrong.call.value), wrong.expected)
    if len(hints) == 1:
        return Verdict(False, f"Not quite. {hints[0]}", picture)
    name = getattr(answer, "__name__", "")
    if not hints and name != exercise.function and name in functions:
        return Verdict(False, f"Not quite. {name} belongs to another exercise: this one asks for {exercise.function}.")
    if len(hints) == 2:
        return Verdict(False, f"Not quite. It is one of two things. Either: {hints[0]} Or: {hints[1]}", picture)
    return Verdict(False, describe(exercise, answer, trials, wrong), picture)


def is_like(exercise: Exercise, slip: Slip, trials: list[Trial]) -> bool:
    """Whether the solution with this slip gives what the answer gave, value or error, in every case."""
    function = compiled(exercise.wrong(slip), exercise.function)
    for trial in trials:
        outcome, other = trial.call, call(exercise.probe, (function, *exercise.cases[trial.case]()), exercise.seconds)
        if outcome.error is not None or other.error is not None:
            if type(outcome.error) is not type(other.error) or str(outcome.error) != str(other.error):
                return False
            continue
        numbers, slipped = numbers_of(outcome.value), numbers_of(other.value)
        if numbers is None or slipped is None or not same(numbers, slipped):
            return False
    return True


def describe(exercise: Exercise, answer: Callable, trials: list[Trial], wrong: Trial) -> str:
    """What is wrong with an answer that is like no known slip."""
    value, error, expected = wrong.call.value, wrong.call.error, wrong.expected
    if isinstance(error, Unusable):
        return str(error)
    if error is not None:
        return f"Your function stopped with {type(error).__name__}: {error}"
    if value is None or value is ...:
        returned = "It prints, but a print gives nothing back" if wrong.call.printed else "Your function returns None"
        return f"{returned}: end it with `return` and the value."
    numbers = numbers_of(value)
    if numbers is None:
        return f"Your function returns a {type(value).__name__}: return numbers."
    if numbers.shape != expected.shape:
        return f"Your answer has the shape {numbers.shape}, it should be {expected.shape}: {exercise.rule}."
    right = sum(trial.right for trial in trials)
    where = "Not quite."
    if right:
        where = f"Right in {right} of {len(trials)} cases, but not in this one ({wrong.case})."
    diagnosis = call(exercise.diagnosis, (answer, exercise.cases[wrong.case]), exercise.seconds).value
    if diagnosis:
        return f"{where} It should be {exercise.rule}. {diagnosis}"
    if numbers.size > 4:
        different = np.argwhere(~np.isclose(numbers, expected, rtol=NEAR, atol=NEAR, equal_nan=True))
        place = tuple(different[0].tolist())
        first = f"At {list(place)} it should be {expected[place]:.4g}, and yours is {numbers[place]:.4g}."
        return f"{where} It should be {exercise.rule}. {first if exercise.probe is call_it else ''}".rstrip()
    wanted, given = ", ".join(map("{:.4g}".format, expected.flat)), ", ".join(map("{:.4g}".format, numbers.flat))
    return f"{where} It should be {exercise.rule}: {wanted}, and yours is {given}."


def yours_or_solution(exercise: Exercise, answer: Callable) -> Callable:
    """The learner's function if it is right, else the solution; prints which."""
    right = bool(grade(exercise, answer))
    print(f"{exercise.function}: {'yours' if right else 'the solution, until yours is right'}.")
    return answer if right else exercise.reference()
