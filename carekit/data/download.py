"""Fetch the files of a public data set: licence shown first, checked, and going on where a download broke off."""

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path, PureWindowsPath

import pooch

from carekit.data.origins import Origin, Remote
from carekit.data.resuming import TIMEOUT, WAITS, Resuming, digest


def fetch(
    origin: Origin,
    folder: str | Path,
    *,
    say: Callable[[str], object] = print,
    waits: Sequence[float] = WAITS,
    timeout: float = TIMEOUT,
) -> list[Path]:
    """Download the files of a data set into a folder, and return their paths in the order of the origin.

    Says title, licence, citation and size first. A file that is there with the right checksum is not fetched again, a
    download that broke off or was stopped goes on where it was, and a file appears under its name only when whole.
    waits: seconds before each further attempt on a broken connection. Raises ValueError for an origin that needs an
    account and for what a server should not have sent, ConnectionError, or OSError where the disk is too small.
    """
    folder = Path(folder).expanduser()
    say(f"{origin.title}\n  licence: {origin.licence}\n  please cite: {origin.citation}")
    if origin.steps:
        raise ValueError(origin.steps)
    for remote in origin.files:
        _check(remote)
    say(f"  {_total(origin.files)}, into {folder}")
    pooch.get_logger().setLevel("WARNING")  # what it has to say is said here
    folder.mkdir(parents=True, exist_ok=True)
    tasks = [Resuming(remote, folder, say, waits, timeout) for remote in origin.files]
    tasks = [task for task in tasks if not _there(task, folder / task.remote.name)]
    _check_space(tasks, folder)
    for task in tasks:
        url, name, checksum, _ = task.remote
        say(f"{name}: from {url}")
        pooch.retrieve(url, checksum, fname=name, path=folder, downloader=task)
        task.forget()
        _tell(task, folder / name)
    return [folder / remote.name for remote in origin.files]


def _check(remote: Remote) -> None:
    name = remote.name
    if not name or name.startswith(".") or not name.isprintable() or PureWindowsPath(name).name != name:
        raise ValueError(f"{name!r} is not a plain file name: give one without folders")
    if not re.match("https?://", remote.url):
        raise ValueError(f"{remote.url} is not an address on the web: it must start with https:// or http://")
    if not re.fullmatch("(md5:[0-9a-fA-F]{32}|sha256:[0-9a-fA-F]{64})?", remote.checksum or ""):
        raise ValueError(f"the checksum {remote.checksum!r} of {name} must be md5: or sha256: and its digits")


def _total(files: Sequence[Remote]) -> str:
    sizes = [remote.size for remote in files if remote.size is not None]
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    if not sizes:
        return f"{count} of unstated size"
    size = f"{sum(sizes) / 1e9:.2f} GB" if sum(sizes) >= 1e9 else f"{sum(sizes) / 1e6:.2f} MB"
    return f"{count}, {size}" if len(sizes) == len(files) else f"{count}, more than {size}"


def _there(task: Resuming, path: Path) -> bool:
    """Whether the file is in the folder, whole and right."""
    name, checksum, size = task.remote[1:]
    if not path.exists():
        return False
    if checksum is None and size is not None and size != path.stat().st_size:
        raise ValueError(f"{path} has {path.stat().st_size} bytes where {size} are published: remove it and run again")
    if checksum is not None and digest(path, checksum) != checksum.lower():
        task.say(f"{name}: is there with another checksum than the published one, and will be replaced")
        return False
    task.say(f"{name}: is there already")
    task.forget()
    _tell(task, path)
    return True


def _tell(task: Resuming, path: Path) -> None:
    if task.remote.checksum is None:
        found = digest(path, "sha256:")
        task.say(f"{task.remote.name}: the publisher states no checksum; this file has {found}")


def _check_space(tasks: Sequence[Resuming], folder: Path) -> None:
    known = [task for task in tasks if task.remote.size is not None]
    needed = sum(task.remote.size - (task.part.stat().st_size if task.part.exists() else 0) for task in known)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(f"{folder} has {free >> 20} MB free and {needed >> 20} MB are needed: choose another disk")
