"""A zip archive. It may come from anywhere, so its list of files is checked before the first is read.

Nothing outside it is reached, and nothing large is unpacked. An archive within it is read as a folder of it is.
"""

import io
import lzma
import stat
import zipfile
import zlib
from pathlib import Path, PureWindowsPath

from carekit.material.intake.sources.source import MAX_BYTES, Source, is_hidden

# What unpacking raises, for damaged files and for packings that this Python does not know.
PACKED_FAULTS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, NotImplementedError)
MOST_INNER = 2**30  # bytes of all archives within one: they are held in memory
UTF8 = 0x800  # the flag of a name that is written in UTF-8


def open_zip(path: Path, file: io.BytesIO | None = None) -> zipfile.ZipFile:
    """A zip archive, nothing but opened. Raises ValueError where it is damaged."""
    try:
        return zipfile.ZipFile(file or path)
    except (*PACKED_FAULTS, ValueError, LookupError) as error:
        raise ValueError(f"archive {path} is damaged ({error}): download it again") from None


class Archive(Source):
    """The files in a zip archive, "b.zip/c.png" for those of an archive within.

    Raises:
        ValueError: for an archive that is damaged or not safe.
    """

    def __init__(self, path: Path, file: io.BytesIO | None = None):
        super().__init__(path)
        self._zip = open_zip(path, file)
        self._held = 0  # bytes of the archives within
        try:
            self._members = _checked(path, self._zip)
        except ValueError:
            self._zip.close()
            raise
        foreign = [member for member in self._zip.infolist() if not member.filename.isascii()]
        if any(not member.flag_bits & UTF8 for member in foreign):
            self.remarks = [f"names in {path.name} are in another code page: unpack it, and pack it with UTF-8 names"]
        if file is None:  # one within another is read, but no third
            self._open_inner([name for name in self._members if name.lower().endswith(".zip")], self._inner)
        self.names = sorted([*self._members, *self._inner_names()])

    def _inner(self, name: str) -> "Archive":
        member = self._members[name]
        if member.file_size > MAX_BYTES:
            size = member.file_size >> 20
            raise ValueError(f"{name} in {self.path} is an archive of {size} MB: unpack the outer one")
        self._held += member.file_size
        if self._held > MOST_INNER:
            raise ValueError(f"the archives in {self.path} have more than {MOST_INNER >> 20} MB: unpack the outer one")
        return Archive(self.path / name, io.BytesIO(self._read(name)))

    def _read(self, name: str) -> bytes:
        member = self._members[name]
        if member.file_size > MAX_BYTES:
            raise ValueError(f"{name} in archive {self.path} unpacks to {member.file_size} bytes: it must be unpacked")
        try:
            return self._zip.read(member)
        except PACKED_FAULTS as error:
            raise ValueError(f"{name} in archive {self.path} is damaged ({error}): download it again") from None

    def close(self) -> None:
        super().close()
        self._zip.close()


def _checked(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The files by name. Raises ValueError where one is not safe, or appears twice."""
    found: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        what = _danger(member)
        if what:
            raise ValueError(f"{member.filename!r} in archive {path} {what}")
        name = _name(member)
        if member.is_dir() or name.endswith("/") or is_hidden(name):
            continue
        if name in found:
            raise ValueError(f"archive {path} holds {name} twice: it is not clear which one is meant")
        found[name] = member
    return found


def _name(member: zipfile.ZipInfo) -> str:
    """With forward slashes, as not all packers write them, and in UTF-8 where only its flag is missing."""
    name = member.filename.replace("\\", "/")
    if not name.isascii() and not member.flag_bits & UTF8:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return name


def _danger(member: zipfile.ZipInfo) -> str:
    """What is not safe about a file of an archive, and what to do, or nothing."""
    # As Windows reads it, so that a backslash and a drive letter are seen on every system.
    name = PureWindowsPath(member.filename)
    if name.anchor or ".." in name.parts:
        return "would be written outside the folder: pack the archive again, with names relative to its folder"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a symbolic link: pack the files themselves"
    if member.flag_bits & 1:
        return "is encrypted: unpack it with its password, and give the folder"
    return ""
