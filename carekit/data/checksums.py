"""What tells one version of a file from another: its bytes, or its size and time."""

import hashlib
from pathlib import Path


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
