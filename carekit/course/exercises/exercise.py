"""What an exercise is: a task, its solution, an independent computation, and the slips that people make.

A slip is the solution with something replaced. So one record gives the hint of a check, the list of common slips in
the text, and the wrong answers that the tests plant: they cannot drift apart.
"""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy import stats


@dataclass(frozen=True)
class Slip:
    """A likely mistake: in the solution, `old` is replaced by `new`; the hint says what was done and what to do.

    Args:
        old: a piece of the solution; "" replaces all that stands below the first line.
        new: what stands there instead.
        hint: a sentence or two.
    """

    old: str
    new: str
    hint: str


@dataclass(frozen=True)
class Exercise:
    """An exercise whose answer is a function.

    Args:
        name: how the check is called.
        lesson: the number of its lesson.
        title: a line that says what to do.
        minutes: how long it takes.
        task: what is asked, in Markdown.
        hints: two, which open one by one.
        expected: what a right answer gives in a small case.
        stub: the function with its docstring, and `...`.
        solution: the function.
        cases: name -> a function that makes the arguments of one call, anew each time.
        truth: the same arguments -> the right value, computed in another way than the solution does.
        rule: what the answer should be, in a few words.
        slips: at least four likely mistakes.
        so_what: what follows from the right answer.
        probe: the learner's function and the arguments -> what is compared with `truth`; usually what it returns.
        seconds: the time limit of one call.
        cell: the id of the exercise's cell, if it is another one than `exercise-NAME`.
        level: "warm-up", "exercise" or "bonus"; a bonus does not count in the lesson's minutes.

    Raises:
        ValueError: for a slip whose piece does not stand in the solution.
    """

    name: str
    lesson: int
    title: str
    minutes: int
    task: str
    hints: tuple[str, str]
    expected: str
    stub: str
    solution: str
    cases: Mapping[str, Callable[[], tuple]]
    truth: Callable[..., Any]
    rule: str
    slips: Sequence[Slip]
    so_what: str
    probe: Callable[..., Any] = field(default=lambda function, *arguments: function(*arguments))
    seconds: float = 5.0
    cell: str = ""
    level: str = "exercise"

    def __post_init__(self) -> None:
        for slip in self.slips:
            if slip.old not in self.solution:
                raise ValueError(f"{self.name}: {slip.old!r} does not stand in the solution")

    @property
    def function(self) -> str:
        """The name of the function that is asked for."""
        return self.stub.strip().split("(")[0].removeprefix("def ")

    def reference(self) -> Callable:
        """The solution as a function."""
        return compiled(self.solution, self.function)

    def wrong(self, slip: Slip) -> str:
        """The source of the solution with this slip."""
        if slip.old:
            return self.solution.replace(slip.old, slip.new)
        head = self.solution.strip().splitlines()[0]
        return head + "\n" + textwrap.indent(textwrap.dedent(slip.new).strip(), "    ") + "\n"


@dataclass(frozen=True)
class Choice:
    """An exercise whose answer is a letter.

    Args:
        name, lesson, title, minutes, task, so_what, cell, level: see `Exercise`.
        variable: the name that the answer is assigned to.
        choices: letter -> (what it says, why it is right or wrong).
        right: the letter.
    """

    name: str
    lesson: int
    title: str
    minutes: int
    task: str
    variable: str
    choices: Mapping[str, tuple[str, str]]
    right: str
    so_what: str
    cell: str = ""
    level: str = "exercise"


def compiled(source: str, name: str) -> Callable:
    """The function `name` that this source defines, with np and torch at hand."""
    names: dict[str, Any] = {"np": np, "torch": torch}
    exec(source, names)
    return names[name]


def drawn(make: Callable[[np.random.Generator], tuple], count: int = 5) -> dict[str, Callable[[], tuple]]:
    """So many random cases, the same in every run. `make` takes a random generator and returns the arguments."""

    def one(seed: int) -> tuple:
        return make(np.random.default_rng(seed))

    return {f"random case {seed + 1}": partial(one, seed) for seed in range(count)}


def t_of(n: int) -> float:
    """Student's t for the 95 % interval of the mean of n numbers, n >= 2."""
    return float(stats.t.ppf(0.975, n - 1))
