"""Runs on this machine, several at a time: each in a worker process that is watched and kept within limits."""

import json
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from contextlib import suppress
from dataclasses import asdict
from io import TextIOWrapper
from pathlib import Path

import psutil

from carekit.research.batch import records
from carekit.research.batch.execute import cause, surroundings
from carekit.research.batch.point import GridPoint, Limits, Outcome

GB = 2**30
LOOK = 0.5  # seconds between two looks at a run's memory and time
PATIENCE = 1.0  # seconds in which what a run has started may end; joblib's processes tidy up what a kernel has left

_slots: set["Slot"] = set()
_here = threading.local()


class Stopped(Exception):
    """The run was ended by `stop_all`."""


class Slot:
    """Runs grid points one after the other in a worker process, which is replaced when it is gone.

    A worker lives for many runs: to start one (papermill, nbclient) takes longer than a small notebook.
    """

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.out = ""  # folder of the batch whose run is here
        self.stopping = False
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._family: dict[int, psutil.Process] = {}  # all that a run has started, also what has lost its parent
        _slots.add(self)

    def run(self, point: GridPoint, limits: Limits) -> Outcome:
        """Run a grid point to its end; the outcome has the reason of a failure. Raises Stopped after `stop_all`."""
        self.out = point.out
        out = Path(point.out)
        if self.stopping:
            raise Stopped
        if records.is_finished(out, point.name):
            return Outcome(point.name)
        part, started = records.new_part(out, point.name), time.time()
        outcome = self._ask(point, part, limits)
        if self.stopping:
            shutil.rmtree(part, ignore_errors=True)
            raise Stopped
        if outcome.reason:
            spent = {"started": started, "seconds": round(time.time() - started, 2)}
            records.fail(part, out, point.name, {**point.record, **spent, "reason": outcome.reason})
        return outcome

    def _ask(self, point: GridPoint, part: Path, limits: Limits) -> Outcome:
        """Send a grid point to the worker; wait for the outcome, and end the worker at a limit."""
        if self.process is None or self.process.poll() is not None:
            self._start(point.models, limits.threads)
        assert self.process is not None and self.process.stdin is not None
        with suppress(OSError):  # a worker that is gone gives no answer either
            print(json.dumps([asdict(point), str(part)]), file=self.process.stdin, flush=True)
        end = time.monotonic() + (limits.timeout or float("inf"))
        while True:
            with suppress(queue.Empty):
                answer = self._answers.get(timeout=LOOK)
                break
            reason = self._exceeded(limits, end)
            if reason:
                self._end()
                return Outcome(point.name, reason)
        self._clear(PATIENCE)
        if answer:
            return Outcome(**json.loads(answer))
        return Outcome(point.name, f"the process that ran it is gone: {cause(self.process.wait())}")

    def _start(self, models: str, threads: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "carekit.research.batch.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=surroundings(models, threads),
            start_new_session=True,  # Ctrl-C goes to the batch alone, which ends this process
        )
        self._answers = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(self.process.stdout, self._answers), daemon=True).start()

    def _exceeded(self, limits: Limits, end: float) -> str:
        """The limit that the run has passed, as a reason; empty within all limits."""
        family = self._descendants()  # looked up in any case, so that `_clear` ends also what loses its parent
        if limits.memory is not None:
            used = sum(map(_memory, family)) / GB
            if used > limits.memory:
                return f"it took {used:.1f} GB, more than the {limits.memory:g} GB of --memory"
        if time.monotonic() > end:
            return f"it took longer than the {limits.timeout:g} s of --timeout"
        return "it was stopped" if self.stopping else ""

    def _descendants(self) -> list[psutil.Process]:
        """The worker and all processes below it; those below are noted in `_family`."""
        assert self.process is not None
        with suppress(psutil.NoSuchProcess):
            worker = psutil.Process(self.process.pid)
            below = worker.children(recursive=True)
            self._family |= {process.pid: process for process in below}
            return [worker, *below]
        return []

    def _clear(self, patience: float) -> None:
        """End what the run has started and left: a killed kernel may leave processes. `patience`: seconds."""
        _, alive = psutil.wait_procs(list(self._family.values()), timeout=patience)
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._family = {}

    def _end(self) -> None:
        """End the worker and all processes below it."""
        if self.process is None:
            return
        self._descendants()
        self.process.kill()
        self._clear(0)
        self.process.wait()
        with suppress(OSError):
            self.process.stdin.close()  # type: ignore[union-attr]

    def close(self) -> None:
        """End the worker process during or after a run."""
        self.stopping = True
        _slots.discard(self)
        self._end()


def run_in_slot(point: GridPoint, limits: Limits) -> Outcome:
    """Run a grid point in the slot of this thread, as `Slot.run`."""
    if getattr(_here, "slot", None) is None or _here.slot.stopping:
        _here.slot = Slot()
    return _here.slot.run(point, limits)


def stop_all(out: str) -> None:
    """End the runs of one batch in this process, and their workers."""
    for slot in list(_slots):
        if slot.out == out:
            slot.close()


def run_here(points: Sequence[GridPoint], limits: Limits, jobs: int) -> Iterator[Outcome]:
    """Run the grid points, `jobs` at a time; yield the outcomes in the order in which the runs end.

    If the iteration ends early, all runs at work are ended.
    """
    pool = ThreadPoolExecutor(min(jobs, len(points)))
    futures = [pool.submit(run_in_slot, point, limits) for point in points]
    try:
        for future in as_completed(futures):
            yield future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        stop_all(points[0].out)
        while running := [future for future in futures if not future.done()]:  # one may have begun at this moment
            wait(running, timeout=LOOK)
            stop_all(points[0].out)


def _listen(stream: TextIOWrapper, answers: "queue.SimpleQueue[str]") -> None:
    """Put each line of a worker into the queue; at its end an empty one."""
    with stream:
        for line in stream:
            answers.put(line)
    answers.put("")


def _memory(process: psutil.Process) -> int:
    """Bytes of a process; of memory that it shares with others, its share (if the system reports it)."""
    with suppress(psutil.Error):
        memory = process.memory_full_info()
        return int(getattr(memory, "pss", memory.rss))
    return 0
