"""A folder of images, of which some may be packed in zip archives."""

import os
import stat
from pathlib import Path

from carekit.material.intake.sources.archive import Archive
from carekit.material.intake.sources.source import MAX_BYTES, Source, is_hidden


class Folder(Source):
    """The files below a folder and in its zip archives, of which "a.zip/b.png" is one.

    An archive that cannot be read is left alone; `remarks` says so.

    Raises:
        ValueError: for a link that leaves the folder or leads to itself, and for a pipe or a device.
    """

    def __init__(self, path: Path):
        super().__init__(path)
        names = [name for name in _files_below(path) if not is_hidden(name)]
        self._open_inner([name for name in names if name.lower().endswith(".zip")], lambda name: Archive(path / name))
        self.names = sorted([*names, *self._inner_names()])

    def _read(self, name: str) -> bytes:
        file = self.path / name
        try:
            if file.stat().st_size <= MAX_BYTES:
                return file.read_bytes()
        except OSError as error:  # a link that leads nowhere, a file that is another user's or has just gone
            raise ValueError(f"{file} cannot be read ({error.strerror}): make it readable, or remove it") from None
        raise ValueError(f"{file} is larger than {MAX_BYTES >> 20} MB: it cannot be an image or a table")


def _files_below(path: Path) -> list[str]:
    """Relative names of all files below a folder."""
    names = []
    root = path.resolve()
    for where, folders, files in os.walk(path):
        for name in folders + files:
            _check(Path(where, name), root)
        names += [Path(where, name).relative_to(path).as_posix() for name in files]
    return names


def _check(full: Path, root: Path) -> None:
    """Raise ValueError where reading a file would leave the folder, wait for ever, or reach a device."""
    if full.is_symlink() and not Path(os.path.realpath(full)).is_relative_to(root):
        raise ValueError(f"{full} is a link that leaves {root}: put the files themselves there")
    try:
        mode = full.stat().st_mode
    except FileNotFoundError:  # a link that leads nowhere is told when it is read
        return
    except OSError as error:
        raise ValueError(f"{full} cannot be followed ({error.strerror}): remove it") from None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise ValueError(f"{full} is a pipe or a device and no file: remove it")
