"""A place where one notebook runs at a time, within limits."""

import shutil
import time
from pathlib import Path

from carekit.research.batch import records
from carekit.research.batch.process import Gone, Worker
from carekit.research.batch.task import Limits, Outcome, Task

GB = 2**30
LOOK = 0.5  # seconds between two looks at a run's memory and time

_slots: set["Slot"] = set()


class Stopped(Exception):
    """The run was ended by `stop_all`."""


class Slot:
    """Runs tasks one after the other in a worker process, which is replaced when it is gone."""

    def __init__(self) -> None:
        self.worker: Worker | None = None
        self.out = ""  # the batch whose run is here
        self.stopping = False
        _slots.add(self)

    def run(self, task: Task, limits: Limits) -> Outcome:
        """Run a task to its end; whatever goes wrong is in the outcome. Raises Stopped after `stop_all`."""
        out = Path(task.out)
        self.out = task.out
        if self.stopping:
            raise Stopped
        if records.is_finished(out, task.name):
            return Outcome(task.name)
        part = records.new_part(out, task.name)
        started = time.time()
        outcome = self._carry_out(task, part, limits)
        if self.stopping:
            shutil.rmtree(part, ignore_errors=True)
            raise Stopped
        if outcome.reason:
            spent = {"started": started, "seconds": round(time.time() - started, 2)}
            records.fail(part, out, task.name, {**task.record, **spent, "reason": outcome.reason})
        return outcome

    def _carry_out(self, task: Task, part: Path, limits: Limits) -> Outcome:
        if self.worker is None or not self.worker.alive:
            self.worker = Worker(task.models, limits.threads)
        worker = self.worker
        results = {task.results: str(part / records.RESULTS)} if task.results else {}
        worker.ask(
            {
                "name": task.name,
                "notebook": task.notebook,
                "kernel": task.kernel,
                "parameters": dict(task.parameters) | results,
                "part": str(part),
                "out": task.out,
                "record": dict(task.record),
            }
        )
        try:
            return self._watched(task.name, worker, limits)
        except Gone as gone:
            return Outcome(task.name, f"the process that ran it is gone: {gone}")
        finally:
            worker.clear()

    def _watched(self, name: str, worker: Worker, limits: Limits) -> Outcome:
        """Wait for the answer, and end the worker where it takes too much."""
        end = None if limits.timeout is None else time.monotonic() + limits.timeout
        while True:
            answer = worker.answer(LOOK)
            if answer is not None:
                return Outcome(name, **answer)
            family = worker.descendants()  # looked up in any case: `clear` ends those, too, that lose their parent
            reason = "it was stopped" if self.stopping else ""
            if limits.memory is not None and (used := worker.memory(family) / GB) > limits.memory:
                reason = f"it took {used:.1f} GB, more than the {limits.memory:g} GB of --memory"
            elif end is not None and time.monotonic() > end:
                reason = f"it took longer than the {limits.timeout:g} s of --timeout"
            if reason:
                worker.end()
                return Outcome(name, reason)

    def close(self) -> None:
        """End the worker process, whatever it does."""
        self.stopping = True
        _slots.discard(self)
        if self.worker is not None:
            self.worker.end()


def stop_all(out: str) -> None:
    """End what runs of one batch in this process."""
    for slot in list(_slots):
        if slot.out == out:
            slot.close()
