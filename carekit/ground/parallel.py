"""Work on many items in several processes, chunk by chunk."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any

from carekit.ground.folders import Ended
from carekit.ground.orphans import end_quickly

_work: Callable  # in a worker process: what it does with each chunk


def cores() -> int:
    """The processor cores that this process may use; a cluster lends fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_chunks(
    work: Callable[[int, Sequence], Any], items: Sequence, starts: Sequence[int], chunk: int, workers: int | None
) -> Iterator[tuple[int, Any]]:
    """Yield start and work(start, items[start : start + chunk]) for each start, as they are done.

    With more than one worker, `work` and the items must be picklable.

    Raises:
        Ended: if a worker process was ended from outside.
        OSError: without shared memory. Errors of `work` are raised, too.
    """
    workers = min(workers or cores(), len(starts), 61)  # Windows allows no more
    if workers <= 1:
        for start in starts:
            yield start, work(start, items[start : start + chunk])
        return
    # Spawned on every system: a forked copy of a process with threads, such as a notebook's, may hang.
    try:
        pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin, (work,))
    except OSError as error:  # no semaphore can be made, such as where /dev/shm is read-only
        raise OSError(
            f"worker processes need shared memory, which cannot be had ({error.strerror}): take one worker"
        ) from None
    try:
        tasks = {pool.submit(_do, start, items[start : start + chunk]): start for start in starts}
        for task in as_completed(tasks):
            yield tasks[task], task.result()
    except BrokenProcessPool:
        raise Ended(
            "a worker process was ended, perhaps for want of memory: what is done is kept; run it again, "
            "with fewer workers"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(work: Callable) -> None:
    """Make a worker process ready."""
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; only the parent reacts
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_quickly()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End with the parent: a worker whose parent was killed would wait for ever."""
    parent = parent_process()
    assert parent is not None, "this runs in a worker"
    parent.join()
    os._exit(1)


def _do(start: int, items: Sequence) -> Any:
    return _work(start, items)
