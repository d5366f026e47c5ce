"""Tell one version of a file from another: by its bytes, or by its size and time."""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from carekit.ground import workspace


def sha256(path: str | Path) -> str:
    """The SHA-256 checksum of a file, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def stamp(path: Path) -> str:
    """A short text that changes when a file, or any file below a folder, is replaced; nothing is read."""
    files = [file for file in (path, *sorted(path.rglob("*"))) if file.is_file()]
    states = [(str(file.relative_to(path)), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(states).encode()).hexdigest()


def verify_once(folder: Path, checksums: Mapping[str, str], verify: Callable[[], None]) -> None:
    """Call `verify` unless it passed before with these checksums, and the files have the same sizes, times and inodes.

    Args:
        folder: of the files.
        checksums: file name -> checksum.
        verify: compares them, and raises for a file that differs.
    """
    folder = folder.resolve()
    files = {}
    for name in checksums:
        if (folder / name).is_file():
            stat = (folder / name).stat()  # a program may set st_mtime back, but not st_ctime
            files[name] = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
    state = json.dumps({"checksums": dict(checksums), "files": files}, sort_keys=True)
    note = workspace.runs() / "verified" / f"{hashlib.sha256(str(folder).encode()).hexdigest()[:20]}.json"
    if note.is_file() and note.read_text(encoding="utf-8") == state:
        return
    verify()
    with suppress(OSError):  # without a note it is verified again
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(state, encoding="utf-8")
