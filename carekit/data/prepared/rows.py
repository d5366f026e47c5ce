"""Rows of an array, in memory or on disk, that are read when asked for."""

import mmap
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

Identity = tuple[int, int, int]


class Rows:
    """Chosen rows of an array, read when asked for: a split of a memory-mapped file copies no image.

    An array on disk is pickled as its file's name and identity, so that worker processes map the file instead of
    receiving it, and refuse one that has taken its place meanwhile.
    """

    def __init__(self, base: np.ndarray, index: np.ndarray):
        self.base = base
        self.identity = identity(_file_of(base)) if isinstance(base, np.memmap) else None
        self.index = index
        self.shape = (len(index), *base.shape[1:])
        self.dtype = base.dtype

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, rows: int | slice | np.ndarray) -> np.ndarray:
        copy = np.array(self.base[self.index[rows]])
        if self.folder is not None and hasattr(mmap, "MADV_DONTNEED"):
            # Pages that were read stay in the system's cache but are not this process's: its memory does not grow.
            self.base._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]  # numpy keeps it there
        return copy

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)

    @property
    def folder(self) -> Path | None:
        """The folder of the file, or None for an array in memory."""
        return _file_of(self.base).parent if isinstance(self.base, np.memmap) else None

    def __getstate__(self) -> tuple[np.ndarray | Path, np.ndarray, Identity | None]:
        base = _file_of(self.base) if isinstance(self.base, np.memmap) else self.base
        return base, self.index, self.identity

    def __setstate__(self, state: tuple[np.ndarray | Path, np.ndarray, Identity | None]) -> None:
        base, index, expected = state
        self.__init__(_open(base) if isinstance(base, Path) else base, index)  # type: ignore[misc]
        if self.identity != expected:
            raise ValueError(f"{base} was changed or replaced while it was in use: open the data set again")


def identity(path: Path) -> Identity:
    """What tells a file from another one, or from itself before a change, without reading it."""
    about = path.stat()
    return about.st_size, about.st_mtime_ns, about.st_ino


def _file_of(base: np.memmap) -> Path:
    return Path(str(base.filename))


def _open(path: Path) -> np.memmap:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path.name} cannot be read ({error}): prepare the data set again") from None


def open_rows(path: Path) -> Rows:
    """All rows of an .npy file, memory-mapped. Raises ValueError where the file is damaged."""
    base = _open(path)
    return Rows(base, np.arange(len(base) if base.ndim else 0))


def choose_rows(array: np.ndarray | Rows, rows: np.ndarray) -> Rows:
    """Some rows of an array, or of rows of an array; nothing is copied."""
    return Rows(array.base, array.index[rows]) if isinstance(array, Rows) else Rows(array, rows)
