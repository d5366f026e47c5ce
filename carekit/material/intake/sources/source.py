"""What a source of images can do, whatever it is."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from jaxtyping import Bool
from PIL import Image

from carekit.material.intake.sources.decoding import decode_image, decode_mask, image_size, mask_labels

MAX_BYTES = 200 * 2**20  # of one unpacked file: a dermoscopic image has 0.3 MB, a chest film at most 20 MB


class Source:
    """Files to read, made of a path alone. Close it after use, or open it by `with`.

    It is pickled as its path: a worker process opens it for itself, once.

    names: all files, sorted, with forward slashes. arrays: by file name, if it holds arrays instead of images.
    tables: those that were parsed, by file name. remarks: what is left alone in it, a sentence each. published: the
    name of the file that it was unpacked from.
    """

    path: Path
    names: list[str]
    arrays: Mapping[str, np.ndarray] = MappingProxyType({})
    remarks: Sequence[str] = ()
    published: str = ""

    def __init__(self, path: Path):
        self.path = path
        self.tables: dict[str, pd.DataFrame] = {}
        self._archives: dict[str, Source] = {}

    def read(self, name: str) -> bytes:
        """The bytes of one file. Raises ValueError where it is too large or damaged."""
        for archive, opened in self._archives.items():
            if name.startswith(f"{archive}/"):
                return opened.read(name[len(archive) + 1 :])
        return self._read(name)

    def _read(self, name: str) -> bytes:
        """The bytes of a file that is in none of the archives."""
        raise NotImplementedError

    def _open_inner(self, names: Sequence[str], open_one: Callable[[str], "Source"]) -> None:
        """Open the archives of these names; what is wrong with one is a remark."""
        for name in names:
            try:
                opened = open_one(name)
            except ValueError as error:
                words = str(error).replace(str(self.path), self.path.name)
                self.remarks = [*self.remarks, f"left alone: {words}"]
                continue
            self.remarks = [*self.remarks, *opened.remarks]
            self._archives[name] = opened

    def _inner_names(self) -> list[str]:
        return [f"{archive}/{name}" for archive, opened in self._archives.items() for name in opened.names]

    def image(self, name: str) -> Image.Image:
        """One file as an upright RGB image. Raises ValueError as `decode_image` does."""
        return decode_image(self.read(name), name)

    def size(self, name: str) -> tuple[int, int]:
        """Width and height of one file's image as it is stored. Raises ValueError as `decode_image` does."""
        return image_size(self.read(name), name)

    def mask(self, name: str, size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
        """One file as the mask of an image of `size` (w, h). Raises ValueError as `decode_mask` does."""
        return decode_mask(self.read(name), name, size)

    def mask_labels(self, name: str) -> int:
        """How many labels one file holds as a mask: see `decoding.mask_labels`."""
        return mask_labels(self.read(name), name)

    def ready(self, folder: Path) -> "Source":
        """A source whose images can be read in any order: this one, or one that is unpacked into `folder` first."""
        return self

    def close(self) -> None:
        """Let go of what is open."""
        for opened in self._archives.values():
            opened.close()

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[type, tuple[Path]]:
        return type(self), (self.path,)


def is_hidden(name: str) -> bool:
    """Whether a file belongs to a system or a program: what macOS adds to archives, what work in progress leaves."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
