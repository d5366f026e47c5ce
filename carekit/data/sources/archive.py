"""A zip archive. It may come from anywhere, so all of it is checked before its first file is read.

Nothing outside it is reached, and nothing in it unpacks to more than it says.
"""

import lzma
import stat
import zipfile
import zlib
from pathlib import Path, PureWindowsPath

from carekit.data.sources.source import MAX_BYTES, Source, is_hidden

MAX_RATIO = 200  # unpacked to packed
SMALL = 2**20  # bytes: below this a high ratio is harmless
# What unpacking raises, for damaged files and for packings that this Python does not know.
PACKED_FAULTS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError)


def open_zip(path: Path) -> zipfile.ZipFile:
    """A zip archive, nothing but opened. Raises ValueError where it is damaged."""
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"archive {path} is damaged ({error}): download it again") from None


class Archive(Source):
    """The files in a zip archive. Raises ValueError for an archive that is damaged or not safe."""

    def __init__(self, path: Path):
        super().__init__(path)
        self._zip = open_zip(path)
        try:
            self.names = _checked_names(path, self._zip)
        except ValueError:
            self._zip.close()
            raise

    def read(self, name: str) -> bytes:
        try:
            return self._zip.read(name)
        except PACKED_FAULTS as error:
            raise ValueError(f"{name} in archive {self.path} is damaged ({error}): download it again") from None

    def close(self) -> None:
        self._zip.close()


def _checked_names(path: Path, archive: zipfile.ZipFile) -> list[str]:
    """The names of the files, sorted. Raises ValueError where one is not safe, or appears twice."""
    for member in archive.infolist():
        what = _danger(member)
        if what:
            raise ValueError(f"{member.filename!r} in archive {path} {what}: use the archive that the source publishes")
    files = [member.filename for member in archive.infolist() if not member.is_dir()]
    names = sorted(name for name in files if not is_hidden(name))
    twice = [a for a, b in zip(names, names[1:], strict=False) if a == b]
    if twice:
        raise ValueError(f"archive {path} holds {twice[0]} twice: it is not clear which one is meant")
    return names


def _danger(member: zipfile.ZipInfo) -> str:
    """What is not safe about a file of an archive, or nothing."""
    # As Windows reads it, so that a backslash and a drive letter are seen on every system.
    name = PureWindowsPath(member.filename)
    if name.anchor or ".." in name.parts:
        return "would be written outside the folder"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a symbolic link"
    if member.flag_bits & 1:
        return "is encrypted"
    if member.file_size > MAX_BYTES or member.file_size > max(SMALL, MAX_RATIO * member.compress_size):
        return f"unpacks to {member.file_size} bytes from {member.compress_size}"
    return ""
