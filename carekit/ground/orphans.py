"""End the kit's own processes quickly, and worker processes with their parent."""

import atexit
import gc
import multiprocessing
import os
import threading
import time

SECONDS = 2.0  # between two looks at the parent
_started = threading.Lock()
_watching = False


def end_quickly() -> None:
    """Let this process end without Python's last search for garbage, which takes 1.4 s where torch is loaded.

    For the kit's own commands, workers and kernels of lessons; never for a process that only imports the kit.
    """
    atexit.register(gc.freeze)


def end_with_parent() -> None:
    """In one of joblib's workers: end when its parent process ends. In any other process: do nothing.

    A worker whose parent was killed would finish its task, and then wait minutes for another one.
    """
    global _watching
    with _started:
        if _watching or not multiprocessing.current_process().name.startswith("LokyProcess"):
            return
        _watching = True
    end_quickly()
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:  # a process that lost its parent gets another one
        time.sleep(SECONDS)
    os._exit(1)
