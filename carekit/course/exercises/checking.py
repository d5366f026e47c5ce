"""Judge an answer: right with what follows from it, or the one mistake that explains all of it, or where it differs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from carekit.course.exercises.calling import Call, Unusable, call, pass_on
from carekit.course.exercises.exercise import Choice, Exercise, Slip, compiled
from carekit.course.exercises.pictures import difference
from carekit.course.exercises.verdict import Verdict

EMPTY = "Not yet: replace the ... by your lines and run the cell again."
NEAR = 1e-5  # relative and absolute: what float32 and another order of sums may change


@dataclass(frozen=True)
class _Case:
    name: str
    call: Call
    expected: Any


def judge(exercise: Exercise | Choice, answer: Any) -> Verdict:
    """What a check says of an answer: a function, or for a Choice a letter."""
    return _choice(exercise, answer) if isinstance(exercise, Choice) else _function(exercise, answer)


def _choice(exercise: Choice, answer: object) -> Verdict:
    if answer in (None, ..., ""):
        return Verdict(False, "Not yet: put the letter of your answer between the quotes.")
    letter = str(answer).strip().strip(".)").lower()
    if letter not in exercise.choices:
        return Verdict(
            False, f"{answer!r} is none of {', '.join(exercise.choices)}: put one letter between the quotes."
        )
    why = exercise.choices[letter][1]
    return (
        Verdict(True, f"Right: {why} {exercise.so_what}") if letter == exercise.right else Verdict(False, f"No: {why}")
    )


def _function(exercise: Exercise, answer: Any) -> Verdict:
    if not callable(answer):
        return Verdict(False, f"Give the function itself, without brackets: {exercise.function}.")
    if _is_stub(exercise, answer):
        return Verdict(False, EMPTY)
    tried = []
    for name, make in exercise.cases.items():
        arguments = make()
        outcome = call(exercise.probe, (answer, *arguments), exercise.seconds)
        pass_on(outcome.printed)
        if outcome.late:
            return Verdict(False, _late(exercise))
        if changed := _changed(arguments, make()):
            return Verdict(False, f"Your function changes its argument number {changed}: work on a copy of it.")
        tried.append(_Case(name, outcome, exercise.truth(*make())))
    wrong = [case for case in tried if not _right(case)]
    if not wrong:
        return Verdict(True, f"Right. {exercise.so_what}")
    return _explain(exercise, tried, wrong[0])


def _is_stub(exercise: Exercise, answer: Any) -> bool:
    """Whether a function has no line yet but its docstring and the three dots."""
    code, empty = (getattr(each, "__code__", None) for each in (answer, compiled(exercise.stub, exercise.function)))
    if code is None or empty is None:
        return False
    nothing = {answer.__doc__, None, ..., *empty.co_consts}
    return code.co_code == empty.co_code and set(code.co_consts) <= nothing


def _late(exercise: Exercise) -> str:
    return f"Your function was stopped after {exercise.seconds:g} seconds: does one of its loops never end?"


def _changed(arguments: tuple, fresh: tuple) -> int:
    """The number, from 1, of the first array among the arguments that is not as it was given; 0 where all are."""
    for place, (now, before) in enumerate(zip(arguments, fresh, strict=True), 1):
        if isinstance(now, np.ndarray | torch.Tensor) and not _same(_array(now), _array(before)):
            return place
        if isinstance(now, list | dict) and repr(now) != repr(before):
            return place
    return 0


def _array(value: Any) -> np.ndarray:
    """Numbers as an array. Raises TypeError or ValueError for what is none."""
    if isinstance(value, str):
        raise TypeError("text is no number")
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    elif isinstance(value, list | tuple):
        value = [_array(part) for part in value]
    return np.asarray(value, float)


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=NEAR, atol=NEAR, equal_nan=True))


def _number(value: Any) -> np.ndarray | None:
    try:
        return None if value is None or value is ... else _array(value)
    except (TypeError, ValueError):
        return None


def _right(case: _Case) -> bool:
    found = _number(case.call.value)
    return case.call.error is None and found is not None and _same(found, _array(case.expected))


def _explain(exercise: Exercise, tried: list[_Case], first: _Case) -> Verdict:
    """The slips that give what the answer gives in every case; else what is to be seen in the first wrong case."""
    hints = list(dict.fromkeys(slip.hint for slip in exercise.slips if _is_like(exercise, slip, tried)))
    picture = partial(difference, _number(first.call.value), _array(first.expected))
    if len(hints) == 1:
        return Verdict(False, f"Not quite. {hints[0]}", picture)
    if len(hints) == 2:
        return Verdict(False, f"Not quite. It is one of two things. Either: {hints[0]} Or: {hints[1]}", picture)
    return Verdict(False, _seen(exercise, tried, first), picture)


def _is_like(exercise: Exercise, slip: Slip, tried: list[_Case]) -> bool:
    function = compiled(exercise.wrong(slip), exercise.function)
    for case in tried:
        other = call(exercise.probe, (function, *exercise.cases[case.name]()), exercise.seconds)
        if not _alike(other, case.call):
            return False
    return True


def _alike(one: Call, other: Call) -> bool:
    if one.error is not None or other.error is not None:
        return type(one.error) is type(other.error) and str(one.error) == str(other.error)
    a, b = _number(one.value), _number(other.value)
    return a is not None and b is not None and _same(a, b)


def _seen(exercise: Exercise, tried: list[_Case], case: _Case) -> str:
    """What is wrong with an answer that is like no known slip."""
    value, error, expected = case.call.value, case.call.error, _array(case.expected)
    if isinstance(error, Unusable):
        return str(error)
    if error is not None:
        return f"Your function stopped with {type(error).__name__}: {error}"
    if value is None or value is ...:
        printed = "It prints, but a print gives nothing back" if case.call.printed else "Your function returns None"
        return f"{printed}: end it with `return` and the value."
    found = _number(value)
    if found is None:
        return f"Your function returns a {type(value).__name__}: return numbers."
    if found.shape != expected.shape:
        return f"Your answer has the shape {found.shape}, it should be {expected.shape}: {exercise.rule}."
    good = [each.name for each in tried if _right(each)]
    where = f"Right in {len(good)} of {len(tried)} cases, but not in this one ({case.name})." if good else "Not quite."
    if found.size > 4:
        return f"{where} It should be {exercise.rule}."
    return f"{where} It should be {exercise.rule}: {_short(expected)}, and yours is {_short(found)}."


def _short(values: np.ndarray) -> str:
    return ", ".join(f"{value:.4g}" for value in values.flat)


def yours_or_solution(exercise: Exercise, answer: Callable) -> Callable:
    """The learner's function where it is right, else the solution; prints which."""
    right = bool(judge(exercise, answer))
    print(f"{exercise.function}: {'yours' if right else 'the solution, until yours is right'}.")
    return answer if right else exercise.reference()
