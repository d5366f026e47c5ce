"""All files of a public data set: licence and size shown first, disk checked, each file fetched and checked."""

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path, PureWindowsPath

from carekit.material.intake.download.file import TIMEOUT, WAITS, Download
from carekit.material.intake.download.origins import Origin, Remote


def fetch(
    origin: Origin,
    folder: str | Path,
    *,
    say: Callable[[str], object] = print,
    waits: Sequence[float] = WAITS,
    timeout: float = TIMEOUT,
) -> list[Path]:
    """Download the files of a data set into a folder.

    Says title, licence, citation and size first. A file that is there with the right checksum is not fetched again, a
    download that broke off or was stopped resumes where it was, and a file appears under its name only when whole.

    Args:
        origin: where the files are published.
        folder: where they go.
        say: takes lines for people.
        waits: seconds before each further attempt on a broken connection.
        timeout: seconds without a byte.

    Returns:
        The paths of the files, in the order of the origin.

    Raises:
        ValueError: for an origin that needs an account, and for what a server should not have sent.
        ConnectionError: where the connection broke at every attempt.
        OSError: where the disk is too small.
    """
    folder = Path(folder).expanduser()
    say(f"{origin.title}\n  licence: {origin.licence}\n  please cite: {origin.citation}")
    if origin.steps:
        raise ValueError(origin.steps)
    for remote in origin.files:
        check_remote(remote)
    say(f"  {_total(origin.files)}, into {folder}")
    folder.mkdir(parents=True, exist_ok=True)
    downloads = [Download(remote, folder, say, waits, timeout) for remote in origin.files]
    missing = [download for download in downloads if not download.is_there()]
    needed = sum(download.bytes_left() for download in missing)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(f"{folder} has {free >> 20} MB free and {needed >> 20} MB are needed: choose another disk")
    for download in missing:
        download.fetch()
    return [download.path for download in downloads]


def check_remote(remote: Remote) -> None:
    """Raise ValueError for a name with folders, an address outside the web, or an odd checksum."""
    url, name, checksum, _ = remote
    if not name or name.startswith(".") or not name.isprintable() or PureWindowsPath(name).name != name:
        raise ValueError(f"{name!r} is not a plain file name: give one without folders")
    if not re.match("https?://", url):
        raise ValueError(f"{url} is not an address on the web: it must start with https:// or http://")
    if not re.fullmatch("(md5:[0-9a-fA-F]{32}|sha256:[0-9a-fA-F]{64})?", checksum or ""):
        raise ValueError(f"the checksum {checksum!r} of {name} must be md5: or sha256: and its digits")


def _total(files: Sequence[Remote]) -> str:
    """How many files, and their size as far as it is published."""
    sizes = [remote.size for remote in files if remote.size is not None]
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    if not sizes:
        return f"{count} of unstated size"
    size = f"{sum(sizes) / 1e6:.2f} MB"
    if sum(sizes) >= 1e9:
        size = f"{sum(sizes) / 1e9:.2f} GB"
    if len(sizes) < len(files):
        size = f"more than {size}"
    return f"{count}, {size}"
