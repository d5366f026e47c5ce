"""A folder of images, of which some may be packed in zip archives."""

import os
from pathlib import Path

from carekit.data.sources.archive import Archive
from carekit.data.sources.source import MAX_BYTES, Source, is_hidden


class Folder(Source):
    """The files below a folder and in its zip archives, of which "a.zip/b.png" is one.

    Raises:
        ValueError: for a link that leaves the folder, and for an archive that is damaged or not safe.
    """

    def __init__(self, path: Path):
        super().__init__(path)
        names = _files_below(path)
        self._archives = {name: Archive(path / name) for name in names if name.lower().endswith(".zip")}
        packed = [f"{name}/{member}" for name, archive in self._archives.items() for member in archive.names]
        self.names = sorted(name for name in names + packed if not is_hidden(name))

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


def _files_below(path: Path) -> list[str]:
    """Relative names of all files below a folder."""
    names = []
    root = path.resolve()
    for where, folders, files in os.walk(path):
        for name in folders + files:
            full = Path(where, name)
            if full.is_symlink() and not full.resolve().is_relative_to(root):
                raise ValueError(f"{full} is a link that leaves {path}: put the files themselves there")
        names += [Path(where, name).relative_to(path).as_posix() for name in files]
    return names
