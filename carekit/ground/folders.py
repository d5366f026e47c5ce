"""Folders that appear whole or not at all, and work that resumes where it was stopped."""

import errno
import glob
import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

SET = "facts.json"  # the mark of a prepared set
PLAN, LOCK, JOURNAL = "plan.json", "lock", "journal.jsonl"
NEW = 1.0  # seconds in which another process may be about to take a lock that is not held


class Ended(OSError):
    """The process was killed (for example: out of memory). Finished parts are kept; run the command again."""


@contextmanager
def atomic_folder(path: str | Path, overwrite: bool = False, mark: str = SET) -> Iterator[Path]:
    """Yield a new folder next to `path` that takes its place at the end; on an error or Ctrl-C it is removed.

    Args:
        path: of the folder to be.
        overwrite: replace a folder with files in it.
        mark: a file that a folder must hold to be replaced, so that a slip of the hand cannot remove any other folder.

    Raises:
        FileExistsError: if `path` may not be replaced, or is a file.
    """
    path = Path(path).expanduser().resolve()
    check_free(path, overwrite, mark)
    _check_own(_old(path), (mark,))
    with _beside(path) as new:
        yield new
        check_free(path, overwrite, mark)
        _take_place(new, path, overwrite)
        (path / LOCK).unlink(missing_ok=True)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield the path of a file to write that takes the place of `path` at the end; on an error or Ctrl-C it is removed.

    It has its own folder, because a writer such as safetensors may make more files that a kill leaves. The next process
    that writes `path` removes what killed ones left.
    """
    with _beside(path) as new:
        yield new / path.name
        os.replace(new / path.name, path)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A folder next to `path` that this process holds, and removes at the end."""
    _remove_abandoned(path)
    new = path.parent / f".{path.name}.{uuid.uuid4().hex[:8]}.part"
    _make(new)
    lock = FileLock(new / LOCK)
    lock.acquire()
    try:
        yield new
    finally:
        lock.release()
        shutil.rmtree(new, ignore_errors=True)


def _remove_abandoned(path: Path) -> None:
    """Remove what killed processes left of `path`: folders whose lock no process holds or is about to take."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 8}.part"):
        with suppress(Timeout, OSError):
            if time.time() - (left / LOCK).stat().st_mtime > NEW:
                with FileLock(left / LOCK, timeout=0):
                    shutil.rmtree(left, ignore_errors=True)


@contextmanager
def resumable_folder(path: str | Path, plan: dict, overwrite: bool = False, mark: str = SET) -> Iterator[Path]:
    """As `atomic_folder`, but after Ctrl-C or a kill the next run with the same `plan` resumes in it.

    The folder is `.NAME.part` next to `path`. Its files are removed for another plan, and after an error except
    `Ended`.

    Args:
        path, overwrite, mark: as those of `atomic_folder`.
        plan: all that decides the result, for JSON.

    Raises:
        BlockingIOError: if another process is at work on it.
        FileExistsError: if `path` may not be replaced, or a folder of that name was not made here.
    """
    path = Path(path).expanduser().resolve()
    check_free(path, overwrite, mark)
    new = path.parent / f".{path.name}.part"
    _check_own(_old(path), (mark,))
    _check_own(new, (mark, PLAN))
    made = [parent for parent in new.parents if not parent.exists()]
    _make(new)
    lock = _lock(new, path)
    try:
        _put_back(path)
        _same_plan(new, json.dumps(plan, sort_keys=True, default=str))
        yield new
        check_free(path, overwrite, mark)
        for name in (JOURNAL, PLAN):
            (new / name).unlink(missing_ok=True)
        _take_place(new, path, overwrite)  # the lock, held until the end, goes along
        (path / LOCK).unlink(missing_ok=True)
    except (KeyboardInterrupt, Ended):  # the next run resumes
        raise
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        for parent in made:
            with suppress(OSError):
                parent.rmdir()
        raise
    finally:
        lock.release()


def journal_line(entry: Any) -> str:
    """A line of a journal: a checksum, and the entry as JSON."""
    text = json.dumps(entry)
    return f"{hashlib.sha256(text.encode()).hexdigest()} {text}\n"


def journal_entries(journal: Path) -> Iterator[Any]:
    """The entries of whole lines; a line torn by a kill or damaged by a power cut is left out."""
    if not journal.exists():
        return
    for line in journal.read_text(encoding="utf-8", errors="replace").split("\n"):
        checksum, _, text = line.partition(" ")
        if checksum == hashlib.sha256(text.encode()).hexdigest():
            yield json.loads(text)


def _lock(new: Path, path: Path) -> FileLock:
    lock = FileLock(new / LOCK)
    try:
        lock.acquire(timeout=0)
    except (Timeout, FileNotFoundError):  # held, or gone: its folder has just taken its place
        raise BlockingIOError(f"another process is at work on {path}: wait for it, or give another folder") from None
    if not (new / LOCK).exists():  # what was locked has taken its place before
        lock.release()
        raise BlockingIOError(f"another process has just finished {path}: look at it, or allow overwriting")
    return lock


def _same_plan(folder: Path, text: str) -> None:
    """Empty the folder unless it was begun with this plan."""
    plan = folder / PLAN
    if plan.exists() and plan.read_text(encoding="utf-8") == text:
        return
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != LOCK:
            entry.unlink()
    plan.write_text(text, encoding="utf-8")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        refused = OSError(f"{folder.parent} cannot be written to ({error.strerror}): choose another place")
        refused.errno = error.errno
        raise refused from None


def _take_place(new: Path, path: Path, overwrite: bool) -> None:
    old = _old(path)
    try:
        if overwrite and path.exists():
            path.rename(old)
        new.rename(path)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):  # a folder with files never gives way by itself
            raise FileExistsError(f"folder {path} was made by another process meanwhile: it is kept") from None
        raise
    finally:  # if the second renaming failed, the old folder returns
        _put_back(path)


def _put_back(path: Path) -> None:
    """Put the old folder back after a stop between two renamings; otherwise remove it."""
    old = _old(path)
    if old.exists() and not path.exists():
        old.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def _check_own(folder: Path, marks: tuple[str, ...]) -> None:
    """Raise FileExistsError for another program's folder at a place where this module keeps its own."""
    if folder.exists() and not any((folder / mark).is_file() for mark in marks):
        if not folder.is_dir() or any(entry.name != LOCK for entry in folder.iterdir()):
            raise FileExistsError(f"{folder} was not made by carekit and is in the way: move it elsewhere")


def _old(path: Path) -> Path:
    return path.parent / f".{path.name}.old"


def check_free(path: Path, overwrite: bool, mark: str) -> None:
    """Raise FileExistsError if `path` may not be made or replaced."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if not path.is_dir():
        raise FileExistsError(f"{path} is a file: give the name of a new folder")
    if not overwrite:
        raise FileExistsError(f"folder {path} already has files: choose a new one, or allow overwriting")
    if not (path / mark).exists():
        raise FileExistsError(f"folder {path} has no {mark}, so it was not made by carekit: it is not replaced")
    if mark == SET:
        from carekit.ground.ownership import check_set_replaceable  # it needs this module's journals

        check_set_replaceable(path)
