"""The files of a batch's folder; a run's folder appears whole or not at all.

OUT/batch.json          whose folder it is
OUT/NAME/               a finished run: NAME.ipynb, results.json, log.txt, run.json
OUT/failed/NAME/        the last try of a run that failed, with the reason in its run.json
OUT/.NAME.*.part/       a run at work, or the rest of a killed one
"""

import json
import platform
import shutil
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from carekit.ground.folders import whole_file
from carekit.ground.plain_json import parse

BATCH, RECORD, RESULTS, LOG, FAILED = "batch.json", "run.json", "results.json", "log.txt", "failed"
DEEPEST = 100  # levels of a notebook's results: deeper ones end Python's reader and ours
_LIBRARIES = ("carekit", "torch", "numpy", "papermill", "ipykernel")


@contextmanager
def alone_in(folder: Path, what: str = "batch") -> Iterator[None]:
    """Hold the folder, which is made if it does not exist.

    Raises:
        BlockingIOError: if another process holds it at this moment.
        OSError: if it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise BlockingIOError(f"another {what} is running in {folder}: wait for it, or give another --out") from None
    except FileExistsError:
        raise FileExistsError(f"{folder} is a file: give the name of a folder") from None
    except PermissionError:
        raise PermissionError(f"{folder} cannot be written to: choose another --out") from None
    try:
        yield
    finally:
        lock.release()


def open_batch(out: Path, notebook: str) -> None:
    """Note whose folder it is, and remove what killed runs left. Raises as `check_batch`.

    Args:
        out: the folder, held by `alone_in`.
        notebook: the file name.
    """
    check_batch(out, notebook)
    for left in out.glob(".*.part"):  # the lock is held, so no process is at work on them
        shutil.rmtree(left, ignore_errors=True)
    if not (out / BATCH).exists():
        write_json(out / BATCH, {"format": 1, "notebook": notebook})


def check_batch(out: Path, notebook: str) -> None:
    """Raise FileExistsError for the folder of another notebook, or one with files of no batch."""
    if not out.is_dir():
        return
    if not (out / BATCH).exists():
        if any(not file.name.startswith(".") for file in out.iterdir()):
            raise FileExistsError(f"{out} has files that are of no batch: give the name of a new folder")
        return
    owner = read_json(out / BATCH).get("notebook", "another notebook")
    if owner != notebook:
        raise FileExistsError(f"{out} is the folder of a batch of {owner}: give {notebook} another --out")


def is_finished(out: Path, name: str) -> bool:
    """Whether a run is finished."""
    return (out / name / RECORD).is_file()


def new_part(out: Path, name: str) -> Path:
    """A new folder's path, which no other process has, for a run at work."""
    return out / f".{name}.{uuid.uuid4().hex[:8]}.part"


def finish(part: Path, out: Path, name: str, record: Mapping[str, Any]) -> None:
    """Let a run's folder take its place. If another process was faster, its folder stays: it is the same run."""
    final = out / name
    for file in (part / f"{name}.ipynb", part / RESULTS):  # both name the file of the results
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            write_text(file, text.replace(_inside_json(part), _inside_json(final)))
    write_json(part / RECORD, record)
    try:
        part.rename(final)  # fails if the folder exists
    except OSError:
        if not is_finished(out, name):
            raise
        shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(out / FAILED / name, ignore_errors=True)


def fail(part: Path, out: Path, name: str, record: Mapping[str, Any]) -> None:
    """Move what a failed run left into the folder of failed runs; on a full disk it may be lost."""
    with suppress(OSError):
        (out / FAILED).mkdir(exist_ok=True)
        part.mkdir(exist_ok=True)
        write_json(part / RECORD, record)
        shutil.rmtree(out / FAILED / name, ignore_errors=True)
        part.rename(out / FAILED / name)
    shutil.rmtree(part, ignore_errors=True)


def _inside_json(path: Path) -> str:
    return json.dumps(str(path), ensure_ascii=False)[1:-1]


def versions() -> dict[str, str]:
    """The versions of Python, the kit and the libraries that decide results."""
    numbers = {"python": sys.version.split()[0], "platform": platform.platform()}
    for library in _LIBRARIES:
        with suppress(PackageNotFoundError):
            numbers[library] = version(library)
    return numbers


def read_record(run: Path) -> dict[str, Any]:
    """The record of a run's folder. Raises ValueError for a file that lacks what a record has."""
    record = read_json(run / RECORD)
    identity = record.get("identity")
    texts = [record.get("notebook")]
    if isinstance(identity, dict):
        texts += [identity.get(part) for part in ("version", "notebook", "code")]
    whole = len(texts) == 4 and all(isinstance(text, str) for text in texts)
    whole &= isinstance(record.get("parameters"), dict) and isinstance(record.get("seconds"), int | float)
    if not whole:
        raise ValueError(f"{run / RECORD} is no record of a run: it is damaged; remove its folder and run it again")
    return record


def read_json(path: Path) -> dict[str, Any]:
    """An object of a JSON file. Raises ValueError for any other file."""
    with suppress(ValueError):
        content = parse(path.read_text(encoding="utf-8"), deepest=DEEPEST)
        if isinstance(content, dict):
            return content
    raise ValueError(f"{path} is no JSON object: it is damaged; remove its folder and run the batch again")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file whole or not at all."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with whole_file(path) as new:
        new.write_text(text, encoding="utf-8")
