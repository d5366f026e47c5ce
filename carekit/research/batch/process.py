"""A worker process, seen from outside: asked, listened to, watched, and ended with all that it has started."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import psutil

from carekit.research.batch.cause import cause
from carekit.research.batch.surroundings import surroundings


class Gone(Exception):
    """The worker process has ended; the message says why."""


class Worker:
    """`python -m carekit.research.batch.worker` and its kernels.

    Args:
        models: where trained models are kept.
        threads: cores that its kernels use.
    """

    def __init__(self, models: str, threads: int):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "carekit.research.batch.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=surroundings(models, threads),
            start_new_session=True,  # Ctrl-C is for whoever started the batch, who ends this process
        )
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._family: dict[int, psutil.Process] = {}  # its descendants, also those that lost their parent
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as answers:
            for line in answers:
                self._answers.put(line)
        self._answers.put("")

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def ask(self, task: Mapping[str, Any]) -> None:
        """Send a task."""
        assert self.process.stdin is not None
        with suppress(OSError):  # a worker that is gone has no answer either
            print(json.dumps(task), file=self.process.stdin, flush=True)

    def answer(self, seconds: float) -> dict[str, Any] | None:
        """What it answered, or None where there is no answer after so many seconds. Raises Gone."""
        try:
            line = self._answers.get(timeout=seconds)
        except queue.Empty:
            return None
        if not line:
            raise Gone(cause(self.process.wait()))
        return json.loads(line)

    def descendants(self) -> list[psutil.Process]:
        """The processes that it has started, and theirs; `clear` remembers them."""
        with suppress(psutil.NoSuchProcess):
            family = psutil.Process(self.process.pid).children(recursive=True)
            self._family |= {each.pid: each for each in family}
            return family
        return []

    def memory(self, family: Iterable[psutil.Process]) -> int:
        """The bytes that it and its family, of `descendants`, take; to ask is .01 s of a core for each."""
        with suppress(psutil.NoSuchProcess):
            return sum(map(_memory, [psutil.Process(self.process.pid), *family]))
        return 0

    def clear(self, patience: float = 1.0) -> None:
        """End its descendants: a kernel that was killed may have left processes of its own.

        Args:
            patience: seconds in which they may end by themselves; joblib's tidy up what a kernel has left.
        """
        _, alive = psutil.wait_procs(list(self._family.values()), timeout=patience)
        for each in alive:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        self._family = {}

    def end(self) -> None:
        """End it, with its descendants."""
        self.descendants()
        self.process.kill()
        self.clear(0)
        self.process.wait()
        with suppress(OSError):
            self.process.stdin.close()  # type: ignore[union-attr]


def _memory(process: psutil.Process) -> int:
    """Bytes that a process takes; of what it shares with others, its part, where the system tells that."""
    with suppress(psutil.Error):
        about = process.memory_full_info()
        return int(getattr(about, "pss", about.rss))
    return 0
