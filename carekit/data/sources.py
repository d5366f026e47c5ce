"""Every kind of source behind one function: a folder, a zip archive, arrays in an .npz archive or unpacked from one."""

import os
import zipfile
from pathlib import Path

import numpy as np

from carekit.data.files import PACKED_FAULTS, Archive, Folder, Source

STACK = ".stack"  # how the name of a folder of unpacked arrays ends
MAX_ARRAY = 64 * 2**30  # bytes of one unpacked array; the largest that is published has 12 GB
_BLOCK = 2**22


class Npz(Source):
    """The names of the arrays in an .npz archive; `unpack` makes a Stack of it, since packed rows cannot be reached.

    Raises ValueError for an archive that is damaged or holds anything but arrays of plain numbers.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise ValueError(f"archive {path} is damaged ({error}): download it again") from None
        self.names = sorted(self._zip.namelist())
        strange = [name for name in self.names if not name.endswith(".npy") or "/" in name or "\\" in name]
        if strange:
            self._zip.close()
            raise ValueError(f"{strange[0]!r} in archive {path} is no array: use the archive that the source publishes")

    def unpack(self, folder: Path) -> Path:
        """Write the arrays as .npy files in folder/arrays.stack; what is whole there already is kept."""
        stack = folder / f"arrays{STACK}"
        stack.mkdir(exist_ok=True)
        for name in self.names:
            if not (stack / name).exists():
                try:
                    self._copy(name, stack / f"{name}.part")
                except PACKED_FAULTS as error:
                    if isinstance(error, OSError) and error.errno:  # the disk's, not the archive's
                        raise
                    raise ValueError(f"{name} in {self.path} is damaged ({error}): download it again") from None
                os.replace(stack / f"{name}.part", stack / name)
        return stack

    def _copy(self, name: str, path: Path) -> None:
        with self._zip.open(name) as packed, open(path, "wb") as file:
            try:
                version = np.lib.format.read_magic(packed)
                shape, fortran, dtype = np.lib.format.read_array_header_1_0(packed)
            except (ValueError, TypeError) as error:
                raise ValueError(f"{name} in {self.path} is no array ({error}): download it again") from None
            if version != (1, 0):
                raise ValueError(f"{name} in {self.path} has version {version} of the format, where (1, 0) is read")
            left = int(np.prod(shape, dtype=object)) * dtype.itemsize
            if dtype.hasobject or fortran or left > MAX_ARRAY:
                raise ValueError(f"{name} in {self.path} is {dtype} {shape}: it must be an array of plain numbers")
            np.lib.format.write_array_header_1_0(file, {"shape": shape, "fortran_order": False, "descr": dtype.str})
            while left and (block := packed.read(min(left, _BLOCK))):
                file.write(block)
                left -= len(block)
            if left:
                raise ValueError(f"{name} in {self.path} ends {left} bytes too early: download it again")

    def close(self) -> None:
        self._zip.close()


class Stack(Source):
    """Rows of the .npy files in a folder: "NAME.npy/12" is row 12 of NAME.npy, an image uint8 (h, w) or (h, w, 3)."""

    def __init__(self, path: Path):
        self.path = path
        self.arrays = {file.name: np.load(file, mmap_mode="r", allow_pickle=False) for file in path.glob("*.npy")}
        flat = [name for name, array in self.arrays.items() if array.ndim == 0]
        if flat:
            raise ValueError(f"{flat[0]} holds a single number: it must be an array of images or labels")
        self.names = [f"{name}/{i}" for name, array in sorted(self.arrays.items()) for i in range(len(array))]

    def row(self, name: str) -> np.ndarray:
        """A copy of one row."""
        file, _, number = name.rpartition("/")
        return np.array(self.arrays[file][int(number)])


def open_source(path: str | Path) -> Source:
    """A folder, a zip archive or an .npz archive, checked.

    Raises FileNotFoundError, or ValueError for a source that is damaged or not safe.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: give the folder or the archive with the images")
    if path.is_dir():
        return Stack(path) if path.suffix == STACK else Folder(path)
    if path.suffix.lower() not in (".zip", ".npz"):
        raise ValueError(f"{path} is neither a folder nor a .zip or .npz archive: unpack it and give the folder")
    return Archive(path) if path.suffix.lower() == ".zip" else Npz(path)
