"""The trainings that an explorer's buttons ask for: one at a time, and the newest is shown."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from threading import RLock
from typing import Any

from carekit.course.explorers.training.numbers import changed, values_of
from carekit.course.explorers.training.recording import Epoch, pack
from carekit.course.explorers.training.thread import Live
from carekit.experiment import Arm

Shown = dict[str, Any]  # {"status", "run"}, or nothing: the recorded run is shown


class TrainingSession:
    """What the kernel does for a training explorer; its attribute `show`, set later, takes what is to be shown.

    Args:
        arm: what the sliders change.
        steps: the epochs of an arm, each trained when it is asked for.
    """

    def __init__(self, arm: Arm, steps: Callable[[Arm], Iterator[Epoch]]):
        self._arm = arm
        self._steps = steps
        self._numbers = count()
        self._number: int | None = None  # of the training that is shown
        self._training: Live | None = None
        self._turn = RLock()  # what a thread reports must not come after what took its place
        self.show: Callable[[Shown], None] = lambda shown: None  # called from the training's thread too

    def answer(self, question: dict) -> dict:
        """Do what a button asks: {"do": "start", "parameters"}, "pause", "go on", "stop" or "forget"."""
        do = question.get("do")
        if do == "start":
            self.start(question["parameters"])
        elif do == "forget":
            self._replace(None, None, {})
        elif do == "pause" and self._training:
            self._training.pause()
        elif do == "go on" and self._training:
            self._training.go_on()
        elif do == "stop" and self._training:
            self._training.stop()
        else:
            raise ValueError(f"there is no training to {do}: start one")
        return {}

    def start(self, parameters: dict[str, float]) -> None:
        """Train with these parameters, instead of the training before. Raises ValueError for one out of range."""
        arm = changed(self._arm, parameters)
        number = next(self._numbers)
        training = Live(self._steps(arm), partial(self._report, number, arm))
        self._replace(number, training, {"status": "training", "run": None})
        training.start()

    def _report(self, number: int, arm: Arm, status: str, seen: list[Epoch]) -> None:
        """Show how far a training is, unless another one took its place."""
        shown: Shown = {"status": status, "run": None}
        if seen:
            shown["run"] = pack(seen, values_of(arm))
        elif status == "stopped":
            shown = {}  # the recorded run again
        with self._turn:
            if number == self._number:
                self.show(shown)

    def _replace(self, number: int | None, training: Live | None, shown: Shown) -> None:
        with self._turn:
            if self._training is not None:
                self._training.stop()
            self._number = number
            self._training = training
            self.show(shown)
