"""Arrays of images and labels in an .npz archive, and the same arrays unpacked: packed rows cannot be reached."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from carekit.ground.checksums import sha256
from carekit.material.intake.sources.archive import PACKED_FAULTS, open_zip
from carekit.material.intake.sources.source import MAX_BYTES, Source

MAX_ARRAY = 64 * 2**30  # bytes of one unpacked array; the largest that is published has 12 GB
MAX_RATIO = 100  # of an array of more than MAX_BYTES: pictures of bodies hardly pack, and a bomb packs 1000 to 1
MAX_ROWS = 10**7  # of all arrays: each has a name
BLOCK = 2**22  # bytes unpacked at a time


class PackedArrays(Source):
    """The arrays in an .npz archive. `ready` unpacks them, and only then can their rows be read.

    Raises:
        ValueError: for an archive that is damaged or holds anything but arrays of plain numbers.
    """

    def __init__(self, path: Path):
        super().__init__(path)
        self._zip = open_zip(path)
        self.names = sorted(self._zip.namelist())
        strange = [name for name in self.names if not name.endswith(".npy") or "/" in name or "\\" in name]
        if strange:
            self._zip.close()
            raise ValueError(f"{strange[0]!r} in archive {path} is no array: use the archive that the source publishes")
        for member in self._zip.infolist():
            if member.file_size > max(MAX_BYTES, MAX_RATIO * member.compress_size):
                self._zip.close()
                words = f"unpacks from {member.compress_size >> 10} kB to {member.file_size >> 20} MB"
                raise ValueError(f"{member.filename} in archive {path} {words}: such arrays are no images, remove it")

    def _read(self, name: str) -> bytes:
        if self._zip.getinfo(name).file_size > MAX_BYTES:
            raise ValueError(f"{name} in {self.path} is larger than {MAX_BYTES >> 20} MB: it must be unpacked")
        return self._zip.read(name)

    def ready(self, folder: Path) -> "Arrays":
        """The arrays as .npy files in `folder`; what is whole there already, by its checksum, is kept.

        Raises:
            OSError: where the disk has no room for them.
            ValueError: for an array that is damaged.
        """
        folder.mkdir(parents=True, exist_ok=True)
        missing = [name for name in self.names if not _is_whole(folder / name)]
        needed, free = sum(self._zip.getinfo(name).file_size for name in missing), shutil.disk_usage(folder).free
        if needed > free:
            raise OSError(f"{self.path} unpacks to {needed >> 20} MB and {folder} has {free >> 20} MB free: make room")
        for name in missing:
            self._unpack(name, folder)
        arrays = Arrays(folder)
        arrays.published = self.path.name
        return arrays

    def _unpack(self, name: str, folder: Path) -> None:
        part = folder / f"{name}.part"
        try:
            self._copy(name, part)
        except PACKED_FAULTS as error:
            if isinstance(error, OSError) and error.errno:  # the disk's, not the archive's
                raise
            raise ValueError(f"{name} in {self.path} is damaged ({error}): download it again") from None
        _sum_of(folder / name).write_text(sha256(part))
        os.replace(part, folder / name)

    def _copy(self, name: str, path: Path) -> None:
        with self._zip.open(name) as packed, open(path, "wb") as file:
            shape, dtype = self._header(name, packed)
            np.lib.format.write_array_header_1_0(file, {"shape": shape, "fortran_order": False, "descr": dtype.str})
            left = int(np.prod(shape, dtype=object)) * dtype.itemsize
            while left and (block := packed.read(min(left, BLOCK))):
                file.write(block)
                left -= len(block)
            if left:
                raise ValueError(f"{name} in {self.path} ends {left} bytes too early: download it again")

    def _header(self, name: str, packed: Any) -> tuple[tuple[int, ...], np.dtype]:
        """Shape and type of an array. Raises ValueError where it is not one of plain numbers."""
        try:
            version = np.lib.format.read_magic(packed)
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(packed)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{name} in {self.path} is no array ({error}): download it again") from None
        if version != (1, 0):
            raise ValueError(f"{name} in {self.path} has version {version} of the format, where (1, 0) is read")
        if dtype.hasobject or fortran or int(np.prod(shape, dtype=object)) * dtype.itemsize > MAX_ARRAY:
            raise ValueError(f"{name} in {self.path} is {dtype} {shape}: it must be an array of plain numbers")
        return shape, dtype

    def close(self) -> None:
        self._zip.close()


def _sum_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.sha256")


def _is_whole(file: Path) -> bool:
    """Whether an array lies there as it was unpacked: a power cut may leave the file's length without its bytes."""
    return file.is_file() and _sum_of(file).is_file() and _sum_of(file).read_text() == sha256(file)


class Arrays(Source):
    """The .npy files in a folder: "NAME.npy/12" is row 12 of NAME.npy, an image uint8 (h, w) or (h, w, 3).

    Raises:
        ValueError: for an array without rows.
    """

    def __init__(self, path: Path):
        super().__init__(path)
        files = sorted(path.glob("*.npy"))
        self.arrays = {file.name: np.load(file, mmap_mode="r", allow_pickle=False) for file in files}
        flat = [name for name, array in self.arrays.items() if array.ndim == 0]
        if flat:
            raise ValueError(f"{flat[0]} holds a single number: it must be an array of images or labels")
        rows = sum(map(len, self.arrays.values()))
        if rows > MAX_ROWS:
            raise ValueError(f"the arrays in {path} have {rows} rows, more than {MAX_ROWS}: remove what is no image")
        self.names = [f"{name}/{i}" for name, array in self.arrays.items() for i in range(len(array))]

    def _read(self, name: str) -> bytes:
        return self._row(name).tobytes()

    def image(self, name: str) -> Image.Image:
        return Image.fromarray(self._row(name)).convert("RGB")

    def close(self) -> None:
        self.arrays = {}

    def _row(self, name: str) -> np.ndarray:
        file, _, number = name.rpartition("/")
        return np.array(self.arrays[file][int(number)])
