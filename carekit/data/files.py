"""Files to read: checksums, and one face for a folder or a zip archive.

What is read may come from anywhere, so a source is checked before its first file is read: nothing outside it is
reached, and nothing in it unpacks to more than it says.
"""

import hashlib
import lzma
import os
import stat
import zipfile
import zlib
from pathlib import Path, PureWindowsPath

MAX_BYTES = 200 * 2**20  # of one unpacked file: a dermoscopic image has 0.3 MB, a chest film at most 20 MB
MAX_RATIO = 200  # unpacked to packed
# What unpacking brings forth, of damaged files and of packings that this Python does not know.
PACKED_FAULTS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError)
SMALL = 2**20  # below this a high ratio is harmless


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


def _hidden(name: str) -> bool:
    """Whether a file belongs to a system or a program: what macOS adds to archives, what work in progress leaves."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


class Source:
    """Files to read: `names` lists them, sorted, and `read(name)` gives the bytes of one. Close it after use."""

    path: Path
    names: list[str]

    def read(self, name: str) -> bytes:
        """The bytes of one file. Raises ValueError where it is too large or damaged."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what is open."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Folder(Source):
    """The files below a folder and in its zip archives. names: sorted, relative, with forward slashes."""

    def __init__(self, path: Path):
        self.path, self.names, self._archives = path, [], {}
        root = path.resolve()
        for where, folders, files in os.walk(path):
            for name in folders + files:
                full = Path(where, name)
                if full.is_symlink() and not full.resolve().is_relative_to(root):
                    raise ValueError(f"{full} is a link that leaves {path}: put the files themselves there")
            self.names += [Path(where, name).relative_to(path).as_posix() for name in files]
        for name in [name for name in self.names if name.lower().endswith(".zip")]:
            self._archives[name] = Archive(path / name)
            self.names += [f"{name}/{member}" for member in self._archives[name].names]
        self.names = sorted(name for name in self.names if not _hidden(name))

    def read(self, name: str) -> bytes:
        for archive, opened in self._archives.items():
            if name.startswith(f"{archive}/"):
                return opened.read(name[len(archive) + 1 :])
        file = self.path / name
        if file.stat().st_size > MAX_BYTES:
            raise ValueError(f"{file} is larger than {MAX_BYTES >> 20} MB: it cannot be an image or a table")
        return file.read_bytes()

    def close(self) -> None:
        for archive in self._archives.values():
            archive.close()


class Archive(Source):
    """The files in a zip archive. names: sorted. Raises ValueError for an archive that is damaged or not safe."""

    def __init__(self, path: Path):
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise ValueError(f"archive {path} is damaged ({error}): download it again") from None
        try:
            files = [member for member in self._zip.infolist() if not _refuse(path, member).is_dir()]
            self.names = sorted(member.filename for member in files if not _hidden(member.filename))
            twice = [a for a, b in zip(self.names, self.names[1:], strict=False) if a == b]
            if twice:
                raise ValueError(f"archive {path} holds {twice[0]} twice: it is not clear which one is meant")
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


def _refuse(path: Path, member: zipfile.ZipInfo) -> zipfile.ZipInfo:
    # As Windows reads it, so that a backslash and a drive letter are seen on every system.
    name = PureWindowsPath(member.filename)
    what = None
    if name.anchor or ".." in name.parts:
        what = "would be written outside the folder"
    elif stat.S_ISLNK(member.external_attr >> 16):
        what = "is a symbolic link"
    elif member.flag_bits & 1:
        what = "is encrypted"
    elif member.file_size > MAX_BYTES or member.file_size > max(SMALL, MAX_RATIO * member.compress_size):
        what = f"unpacks to {member.file_size} bytes from {member.compress_size}"
    if what:
        raise ValueError(f"{member.filename!r} in archive {path} {what}: use the archive that the source publishes")
    return member
