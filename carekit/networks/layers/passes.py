"""What is kept of a forward pass: the outputs of the watched layers, and which of them are one batch."""

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor


@dataclass
class Run:
    """One output of one layer: `kept` is a part of the graph that no operation can overwrite."""

    name: str
    kept: Tensor
    cut: bool  # it had no gradient of its own
    sealed: bool  # it ran under a no_grad of the model's own


class Issued(NamedTuple):
    """A copy that the model continues with, its version then, and the run that it is of."""

    copy: weakref.ref
    version: int
    run: Run


@dataclass
class Pass:
    """One forward pass of the model: the images' number and size, and what the watched layers put out."""

    count: int | None
    size: tuple[int, int] | None
    grad: bool
    runs: list[Run] = field(default_factory=list)
    given: list[tuple[weakref.ref, Tensor | None]] = field(default_factory=list)  # to the user; our own with a graph
    used: bool = False

    def gave(self, logits: Tensor) -> bool:
        """Whether `logits` is one of the tensors that the model returned."""
        return any(given() is logits for given, _ in self.given)

    def alive(self) -> bool:
        """Whether its output is still in use somewhere."""
        return not self.given or any(given() is not None for given, _ in self.given)

    def parts(self, name: str) -> list[Run]:
        """The last runs of a layer that together are the images of this pass; all where their number is unknown."""
        runs = [run for run in self.runs if run.name == name]
        runs.sort(key=lambda run: run.kept.get_device())  # replicas on several GPUs run in any order
        if self.count is None:
            return runs
        return trailing(runs, self.count) or runs


def runs_of(passes: Sequence[Pass], name: str, count: int) -> list[Run]:
    """The last runs of a layer in these passes that hold exactly `count` images together; none if there are no such."""
    runs: list[Run] = []
    for each in passes:
        runs += each.parts(name)
    return trailing(runs, count)


def trailing(runs: list[Run], count: int) -> list[Run]:
    """The last runs that hold exactly `count` images together; none where that does not come out even."""
    total = 0
    for i in range(len(runs) - 1, -1, -1):
        total += len(runs[i].kept)
        if total >= count:
            break
    if total != count:
        return []
    return runs[i:]
