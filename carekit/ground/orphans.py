"""How the kit's own processes end: quickly, with the process that they work for, and with nothing left behind."""

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

SECONDS = 2.0  # between two looks
_started = threading.Lock()
_watching = False


def end_quickly() -> None:
    """Let this process end without Python's last search for garbage, which takes 1.4 s where torch is loaded.

    For the kit's own commands, workers and kernels of lessons; never for a process that only imports the kit.
    """
    atexit.register(gc.freeze)


def end_with_parent() -> None:
    """In a worker process: end when the process that started it is gone. In any other process: nothing.

    A worker whose parent was killed would go on with its task, and then wait minutes for another one.
    """
    global _watching
    with _started:
        if _watching or not _is_worker():
            return
        _watching = True
    end_quickly()
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _is_worker() -> bool:
    return multiprocessing.current_process().name.startswith("LokyProcess")  # joblib's, which ask for no parent


def _watch(parent: int) -> None:
    while os.getppid() == parent:  # a process that lost its parent gets another one
        time.sleep(SECONDS)
    os._exit(1)


SHARED = Path("/dev/shm")
LOKY, OWN = "sem.loky-", "sem.mp-"  # semaphores: of joblib's workers, behind which the process stands, and of Python's
FOLDERS = "joblib_memmapping_folder_"  # behind which the process stands
NEW = 60.0  # seconds that a semaphore without the number of its process is left alone


def sweep() -> None:
    """Remove what processes of this user left in shared memory that were killed together with their caretaker.

    That is: semaphores that no process has open, and joblib's folders, of processes that are gone. Only Linux has such.
    """
    if not SHARED.is_dir() or not Path("/proc/self/maps").exists():
        return
    semaphores = [file for file in SHARED.glob(f"{LOKY}*") if _is_mine(file) and _is_gone(file, LOKY, "-")]
    semaphores += [file for file in SHARED.glob(f"{OWN}*") if _is_mine(file) and _is_old(file)]
    in_use = _mapped() if semaphores else set()
    for file in semaphores:
        with suppress(OSError):  # another process may sweep at the same moment
            if file.stat().st_ino not in in_use:
                file.unlink()
    roots = {SHARED, Path(tempfile.gettempdir()), Path(os.environ.get("JOBLIB_TEMP_FOLDER") or SHARED)}
    for folder in (folder for root in roots for folder in root.glob(f"{FOLDERS}*")):
        if _is_mine(folder) and _is_gone(folder, FOLDERS, "_"):
            shutil.rmtree(folder, ignore_errors=True)


def _is_gone(path: Path, start: str, end: str) -> bool:
    """Whether the process whose number stands in a name is no more."""
    return not Path("/proc", path.name.removeprefix(start).partition(end)[0]).exists()


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > NEW
    except OSError:
        return False


def _is_mine(path: Path) -> bool:
    try:
        return path.lstat().st_uid == os.getuid()
    except OSError:
        return False


def _mapped() -> set[int]:
    """The numbers of the files that this user's processes have mapped into memory."""
    found = set()
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with suppress(OSError):  # another user's, or a process that has just ended
            found |= {int(line.split()[4]) for line in maps.read_text(errors="replace").splitlines()}
    return found
