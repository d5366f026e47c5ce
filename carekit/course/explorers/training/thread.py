"""One training at a time in a thread of the kernel, reported after each step, that can be paused and stopped."""

from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Generic, TypeVar

Step = TypeVar("Step")
_latest: "Live | None" = None  # two at once would share the processor, and one may wait in a cell that was run again


class Live(Generic[Step]):
    """Goes through `steps` and calls report(status, steps so far) after each of them, in its own thread.

    Status is "training", "paused", "stopped", "done", or the sentence of an error. A step is never cut in two: a pause
    or an end takes effect at the next one.
    """

    def __init__(self, steps: Iterator[Step], report: Callable[[str, list[Step]], None]):
        self._steps = steps
        self._report = report
        self._done: list[Step] = []
        self._before: Live | None = None
        self._go = Event()
        self._end = Event()
        self._go.set()
        self._thread = Thread(target=self._run, name="carekit-training", daemon=True)

    def start(self) -> None:
        """Begin, when the training before has ended; it is stopped."""
        global _latest
        self._before, _latest = _latest, self
        if self._before is not None:
            self._before.stop()
        self._thread.start()

    def pause(self) -> None:
        """Wait after the step at hand."""
        self._go.clear()

    def go_on(self) -> None:
        """End a pause."""
        self._go.set()

    def stop(self) -> None:
        """End after the step at hand."""
        self._end.set()
        self._go.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end."""
        self._thread.join(timeout)

    def _run(self) -> None:
        if self._before is not None:
            self._before.join()
            self._before = None
        try:
            status = self._go_through()
        except Exception as error:  # shown in the explorer, not in a log that no one reads
            status = f"{error}" or type(error).__name__
        self._report(status, list(self._done))

    def _go_through(self) -> str:
        for step in self._steps:
            if self._end.is_set():
                return "stopped"
            self._done.append(step)
            # Read once: a pause that comes while this step is reported holds after the next one.
            paused = not self._go.is_set()
            self._report("paused" if paused else "training", list(self._done))
            if paused:
                self._go.wait()
                self._report("stopped" if self._end.is_set() else "training", list(self._done))
            if self._end.is_set():
                return "stopped"
        return "done"
