"""What tells one version of a file from another: its bytes, or its size and time."""

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
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    about = [(str(file.relative_to(path)), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(about).encode()).hexdigest()


def verify_once(folder: Path, checksums: Mapping[str, str], verify: Callable[[], None]) -> None:
    """Call `verify` unless it passed before, with these checksums, when the files were as they are by all but content.

    Args:
        folder: of the files.
        checksums: file name -> checksum.
        verify: compares them, and raises where a file is another.
    """
    folder = folder.resolve()
    seen = {name: _state(folder / name) for name in checksums if (folder / name).is_file()}
    state = json.dumps({"checksums": dict(checksums), "files": seen}, sort_keys=True)
    known = workspace.runs() / "verified" / f"{hashlib.sha256(str(folder).encode()).hexdigest()[:20]}.json"
    if known.is_file() and known.read_text(encoding="utf-8") == state:
        return
    verify()
    with suppress(OSError):  # where it cannot be noted, it is verified again
        known.parent.mkdir(parents=True, exist_ok=True)
        known.write_text(state, encoding="utf-8")


def _state(file: Path) -> list[int]:
    about = file.stat()
    return [about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino]  # a program may set the second back
