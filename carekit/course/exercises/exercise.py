"""What an exercise is: a task, its solution, an independent computation, and the slips that people make.

The texts of a lesson are in `lesson_05.md`, its functions in `lesson_05.py`. A slip is the solution with some lines
replaced. So one record gives the hint of a check, the list of common slips in the text, and the wrong answers that the
tests plant: they cannot drift apart.
"""

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from scipy import stats

Cases = Mapping[str, Callable[[], tuple]]


@dataclass(frozen=True)
class Slip:
    """A likely mistake: in the solution, `old` is replaced by `new`; the hint names the mistake and its mend.

    Args:
        old: lines of the solution; "" replaces all below its first line.
        new: the lines that replace them.
        hint: a sentence or two.
    """

    old: str
    new: str
    hint: str


def call_it(function: Callable, *arguments: Any) -> Any:
    """What a function returns."""
    return function(*arguments)


def no_diagnosis(function: Callable, make: Callable[[], tuple]) -> str:
    """Nothing: for an exercise whose answer has no parts that could be off."""
    return ""


@dataclass(frozen=True)
class Solution:
    """The solution of an exercise as a function, and how an answer is compared with it.

    Args:
        function: the solution. Its docstring names what it takes and returns, and is part of the stub.
        cases: name -> a function that makes the arguments of one call, new ones each time.
        truth: the same arguments -> the right value, computed in another way than the solution does.
        probe: a function and the arguments -> what is compared with `truth`; by default what the function returns.
        diagnosis: a wrong function and one of `cases` -> a sentence on what is off; by default none.
    """

    function: Callable
    cases: Cases
    truth: Callable[..., Any]
    probe: Callable[..., Any] = call_it
    diagnosis: Callable[[Callable, Callable[[], tuple]], str] = no_diagnosis

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)


def solution(
    cases: Cases,
    truth: Callable[..., Any],
    probe: Callable[..., Any] = call_it,
    diagnosis: Callable[[Callable, Callable[[], tuple]], str] = no_diagnosis,
) -> Callable[[Callable], Solution]:
    """Decorator that makes a `Solution` of a function; the arguments are those of `Solution`."""
    return partial(Solution, cases=cases, truth=truth, probe=probe, diagnosis=diagnosis)


@dataclass(frozen=True)
class Task:
    """What exercises of both kinds have.

    Args:
        name: the name that the check is called by.
        lesson: the number of its lesson.
        title: the task in a line; in a notebook it follows "Exercise: ".
        minutes: how long it takes.
        level: "warm-up", "exercise" or "bonus"; a bonus does not count in the lesson's minutes.
        cell: the id of the exercise's cell, if it is another one than `exercise-NAME`.
        task: the question, in Markdown.
        so_what: what follows from the right answer.
    """

    name: str
    lesson: int
    title: str
    minutes: int
    level: str
    cell: str
    task: str
    so_what: str


@dataclass(frozen=True, kw_only=True)
class Choice(Task):
    """An exercise whose answer is a letter.

    Args:
        variable: the name that the answer is assigned to.
        choices: letter -> (its text, why it is right or wrong).
        right: the right letter.
    """

    variable: str
    choices: Mapping[str, tuple[str, str]]
    right: str


@dataclass(frozen=True, kw_only=True)
class Exercise(Task):
    """An exercise whose answer is a function.

    Args:
        expected: what a right answer gives in a small case.
        hints: two, which open one by one.
        rule: what the answer should be, in a few words.
        slips: at least four likely mistakes.
        answer: the solution as a function.
        cases, truth, probe, diagnosis: see `Solution`.
        seconds: the time limit of one call.

    Raises:
        ValueError: for a slip whose old lines are not in the solution.
    """

    expected: str
    hints: tuple[str, str]
    rule: str
    slips: Sequence[Slip]
    answer: Callable
    cases: Cases
    truth: Callable[..., Any]
    probe: Callable[..., Any] = call_it
    diagnosis: Callable[[Callable, Callable[[], tuple]], str] = no_diagnosis
    seconds: float = 5.0

    def __post_init__(self) -> None:
        for slip in self.slips:
            if slip.old not in self.solution:
                raise ValueError(f"{self.name}: {slip.old!r} does not stand in the solution")

    @property
    def function(self) -> str:
        """The name of the function that is asked for."""
        return self.answer.__name__

    @cached_property
    def _parts(self) -> tuple[str, str, str]:
        """The first line, the docstring and the body of the solution, as a learner writes them: without types."""
        source = inspect.getsource(self.answer)
        lines, (definition,) = source.splitlines(), ast.parse(source).body
        assert isinstance(definition, ast.FunctionDef)
        docstring = definition.body[0]
        head = f"def {self.function}({', '.join(inspect.signature(self.answer).parameters)}):"
        body = "\n".join(lines[docstring.end_lineno :]).lstrip("\n")
        return head, "\n".join(lines[docstring.lineno - 1 : docstring.end_lineno]), f"{body}\n"

    @property
    def stub(self) -> str:
        """The function with its docstring, and `...`."""
        head, docstring, _ = self._parts
        return f"{head}\n{docstring}\n    ...\n"

    @property
    def solution(self) -> str:
        """The solution, as a learner could have written it."""
        head, _, body = self._parts
        return f"{head}\n{body}"

    def reference(self) -> Callable:
        """The solution as a function."""
        return self.answer

    def wrong(self, slip: Slip) -> str:
        """The source of the solution with this slip."""
        if slip.old:
            return self.solution.replace(slip.old, slip.new)
        return f"{self._parts[0]}\n{slip.new}"


def compiled(source: str, name: str) -> Callable:
    """The function `name` that this source defines, with np and torch at hand."""
    names: dict[str, Any] = {"np": np, "torch": torch}
    exec(source, names)
    return names[name]


def drawn(make: Callable[[np.random.Generator], tuple], count: int = 5, prefix: str = "") -> Cases:
    """`count` random cases, the same in every run.

    Args:
        make: takes a random generator and returns the arguments of a call.
        count: how many.
        prefix: the beginning of each case's name.
    """

    def one(seed: int) -> tuple:
        return make(np.random.default_rng(seed))

    return {f"{prefix}random case {seed + 1}": partial(one, seed) for seed in range(count)}


def t_of(n: int) -> float:
    """Student's t for the 95 % interval of the mean of n numbers, n >= 2."""
    return float(stats.t.ppf(0.975, n - 1))
