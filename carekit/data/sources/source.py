"""What a source of images can do, whatever it is."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool
from PIL import Image

from carekit.data.sources.decoding import decode_image, decode_mask

MAX_BYTES = 200 * 2**20  # of one unpacked file: a dermoscopic image has 0.3 MB, a chest film at most 20 MB


class Source:
    """Files to read, made of a path alone. Close it after use, or open it by `with`.

    It is pickled as its path: a worker process opens it for itself, once.

    names: all files, sorted, with forward slashes. arrays: by file name, where it holds arrays instead of images.
    """

    path: Path
    names: list[str]
    arrays: Mapping[str, np.ndarray] = MappingProxyType({})

    def __init__(self, path: Path):
        self.path = path

    def read(self, name: str) -> bytes:
        """The bytes of one file. Raises ValueError where it is too large or damaged."""
        raise NotImplementedError

    def image(self, name: str) -> Image.Image:
        """One file as an upright RGB image. Raises ValueError as `decode_image` does."""
        return decode_image(self.read(name), name)

    def mask(self, name: str, size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
        """One file as the mask of an image of `size` (w, h). Raises ValueError as `decode_mask` does."""
        return decode_mask(self.read(name), name, size)

    def ready(self, folder: Path) -> "Source":
        """A source whose images can be read in any order: this one, or one that is unpacked into `folder` first."""
        return self

    def close(self) -> None:
        """Let go of what is open."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __reduce__(self):
        return type(self), (self.path,)


def is_hidden(name: str) -> bool:
    """Whether a file belongs to a system or a program: what macOS adds to archives, what work in progress leaves."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
