"""Arrays on disk that are filled chunk by chunk: what a stop or a power cut has left is found again, and resumed."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from carekit.data.prepared.rows import open_rows
from carekit.ground.folders import JOURNAL, journal_entries, journal_line

Note = Callable[[int, Any, str], None]


@dataclass(frozen=True)
class ChunkedArrays:
    """Files in a folder, with a journal of the chunks of rows that are done, in whatever order.

    The journal holds a checksum of each chunk's rows, since a power cut may leave neither whole.
    `carekit.ground.folders.resumable_folder` keeps such a folder until all is done, and then removes the journal.

    Args:
        folder: of the files.
        shapes: file name -> shape, with as many rows in each.
        dtype: of the numbers.
        chunk: rows that are written together; the last chunk may have fewer.
    """

    folder: Path
    shapes: Mapping[str, tuple[int, ...]]
    dtype: type[np.generic]
    chunk: int

    def resume(self) -> dict[int, Any]:
        """The notes on each chunk that is done, by its first row; without any, the files and the journal start empty.

        Raises OSError for a full disk: the files get their full length now, so that it is met here.
        """
        done = self._done()
        if not done:
            (self.folder / JOURNAL).unlink(missing_ok=True)
            for name, shape in self.shapes.items():
                array = np.lib.format.open_memmap(self.folder / name, "w+", self.dtype, shape)
                length = array.offset + array.nbytes
                del array
                if hasattr(os, "posix_fallocate"):
                    with open(self.folder / name, "r+b") as file:
                        os.posix_fallocate(file.fileno(), 0, length)
        return done

    def _done(self) -> dict[int, Any]:
        try:
            files = [open_rows(self.folder / name) for name in self.shapes]
        except ValueError:
            return {}
        if [file.shape for file in files] != list(self.shapes.values()) or any(f.dtype != self.dtype for f in files):
            return {}
        done = {}
        for entry in journal_entries(self.folder / JOURNAL):
            if len(entry) != 3:  # of an earlier version: its chunks are made again
                continue
            start, notes, checksum = entry
            if checksum == _checksum([file[start : start + self.chunk] for file in files]):
                done[start] = notes
        return done

    def write(self, start: int, rows: Mapping[str, np.ndarray]) -> str:
        """Write a chunk, in any process, and return its checksum for the journal.

        Args:
            start: its first row.
            rows: file name -> its values, for each file.
        """
        for name in self.shapes:
            _write(self.folder / name, start, rows[name])
        return _checksum([rows[name] for name in self.shapes])

    @contextmanager
    def journal(self) -> Iterator[Note]:
        """The journal, open: call what this yields with a chunk's first row, notes for JSON, and its checksum."""
        with open(self.folder / JOURNAL, "a", encoding="utf-8") as file:

            def note(start: int, notes: Any, checksum: str) -> None:
                file.write(journal_line([start, notes, checksum]))
                file.flush()

            yield note


def free_bytes(folder: Path) -> int:
    """Bytes that arrays in this folder may take: what is free, and what those that are there take already."""
    return shutil.disk_usage(folder).free + sum(file.stat().st_size for file in folder.glob("*.npy"))


def _checksum(arrays: list[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()


def _write(path: Path, start: int, rows: np.ndarray) -> None:
    """Written, not mapped: a full disk is then an error and not the end of the process."""
    with open(path, "r+b") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        file.seek(start * rows[0].nbytes, os.SEEK_CUR)
        file.write(rows.tobytes())  # in C order
