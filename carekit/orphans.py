"""Worker processes that do not outlive the process they work for."""

import multiprocessing
import os
import threading
import time

SECONDS = 2.0  # between two looks
_started = threading.Lock()
_watching = False


def end_with_parent() -> None:
    """In a worker process: end when the process that started it is gone. In any other process: nothing.

    A worker whose parent was killed would go on with its task, and then wait minutes for another one.
    """
    global _watching
    with _started:
        if _watching or not _is_worker():
            return
        _watching = True
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _is_worker() -> bool:
    return multiprocessing.current_process().name.startswith("LokyProcess")  # joblib's, which ask for no parent


def _watch(parent: int) -> None:
    while os.getppid() == parent:  # a process that lost its parent gets another one
        time.sleep(SECONDS)
    os._exit(1)
