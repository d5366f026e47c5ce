"""End worker processes with their parent; remove what killed processes left in shared memory."""

import atexit
import gc
import multiprocessing
import os
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

SECONDS = 2.0  # between two looks at the parent
SHARED = Path("/dev/shm")
LEFT = {"sem.loky-": "-", "joblib_memmapping_folder_": "_"}  # how names begin, and what ends the number behind that
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


def sweep() -> None:
    """Remove joblib's semaphores and folders of memory of this user's processes that are gone.

    They are left if a process is killed together with all that would tidy up. Only Linux keeps them as files.
    """
    if not SHARED.is_dir() or not Path("/proc/self").exists():
        return
    for root in {SHARED, Path(tempfile.gettempdir()), Path(os.environ.get("JOBLIB_TEMP_FOLDER") or SHARED)}:
        for start, end in LEFT.items():
            for path in root.glob(f"{start}*"):
                process = path.name.removeprefix(start).partition(end)[0]
                with suppress(OSError):  # another process may sweep at the same moment
                    if path.lstat().st_uid != os.getuid() or Path("/proc", process).exists():
                        continue
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
