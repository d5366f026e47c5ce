"""Rows of an array, in memory or on disk, that are read when asked for."""

import mmap
from pathlib import Path
from tokenize import TokenError

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
        self.identity: Identity | None = None
        if isinstance(base, np.memmap):
            self.identity = identity(_file_of(base))
            self._length = base.offset + base.nbytes
        self.index = index
        self.shape = (len(index), *base.shape[1:])
        self.dtype = base.dtype

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, rows: int | slice | np.ndarray) -> np.ndarray:
        if isinstance(self.base, np.memmap) and self._map.size() < self._length:
            # Reading behind the end of a mapped file would end the process.
            raise ValueError(f"{_file_of(self.base)} was cut short while it was in use: prepare the data set again")
        copy = np.array(self.base[self.index[rows]])
        if self.folder is not None and hasattr(mmap, "MADV_DONTNEED"):
            # Pages that were read stay in the system's cache but are not this process's: its memory does not grow.
            self._map.madvise(mmap.MADV_DONTNEED)
        return copy

    @property
    def _map(self) -> mmap.mmap:
        return self.base._mmap  # type: ignore[attr-defined]  # numpy keeps it there

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)

    @property
    def folder(self) -> Path | None:
        """The folder of the file, or None for an array in memory."""
        return _file_of(self.base).parent if isinstance(self.base, np.memmap) else None

    def __getstate__(self) -> tuple[np.ndarray | Path, np.ndarray, Identity | None]:
        if isinstance(self.base, np.memmap):
            return _file_of(self.base), self.index, self.identity
        return self.base, self.index, self.identity

    def __setstate__(self, state: tuple[np.ndarray | Path, np.ndarray, Identity | None]) -> None:
        base, index, expected = state
        if not isinstance(base, Path):
            self.__init__(base, index)  # type: ignore[misc]
            return
        self.__init__(_open(base), index)  # type: ignore[misc]
        if self.identity != expected:
            raise ValueError(f"{base} was changed or replaced while it was in use: open the data set again")


def identity(path: Path) -> Identity:
    """What tells a file from another one, or from itself before a change, without reading it."""
    about = path.stat()
    return about.st_size, about.st_mtime_ns, about.st_ino


def _file_of(base: np.memmap) -> Path:
    return Path(str(base.filename))


# What reading the header of an array raises for a damaged one.
_FAULTS = (ValueError, TypeError, EOFError, OSError, OverflowError, SyntaxError, RecursionError, TokenError)


def _open(path: Path) -> np.memmap:
    """An .npy file and nothing else that NumPy could take it for: an archive of arrays, a pickle."""
    try:
        with np.errstate(over="ignore"):  # of a shape that is none
            array = np.lib.format.open_memmap(path, mode="r")
    except _FAULTS as error:
        words = (str(error).splitlines() or [""])[0][:80]  # NumPy goes on with how to read it nevertheless
        raise ValueError(f"{path.name} cannot be read ({words}): prepare the data set again") from None
    if array.ndim and (not array.flags.c_contiguous or array.dtype.hasobject):
        raise ValueError(f"{path.name} is not an array of plain numbers in rows: prepare the data set again")
    return array


def open_rows(path: Path) -> Rows:
    """All rows of an .npy file, memory-mapped. Raises ValueError where the file is damaged."""
    base = _open(path)
    return Rows(base, np.arange(len(base) if base.ndim else 0))


def choose_rows(array: np.ndarray | Rows, rows: np.ndarray) -> Rows:
    """Some rows of an array, or of rows of an array; nothing is copied."""
    if isinstance(array, Rows):
        return Rows(array.base, array.index[rows])
    return Rows(array, rows)
