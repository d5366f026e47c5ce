"""Images with their masks, to train a segmentation on: from any folder or archive, or from a prepared data set."""

from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, UInt8
from torch import Tensor
from tqdm import tqdm

from carekit.data.prepared import Prepared
from carekit.data.prepared.resizing import resize_image, resize_mask
from carekit.material.intake.sources import open_source
from carekit.material.intake.sources.decoding import ENDINGS

MARKS = ("_segmentation", "_mask")  # how a mask's name ends, unless it is in a folder `masks`
FEWEST = 2


class Pairs(NamedTuple):
    """Images squashed to a square, and where their lesion is."""

    images: UInt8[Tensor, "n 3 s s"]
    masks: Bool[Tensor, "n s s"]

    def take(self, rows: Tensor) -> "Pairs":
        """Some of the pairs."""
        return Pairs(self.images[rows], self.masks[rows])


def read_pairs(path: str | Path, size: int, progress: bool = True) -> Pairs:
    """All pairs of a folder, an archive, or a prepared data set with masks, at `size` x `size`.

    A mask is named as its image with _segmentation or _mask behind it, or exactly as it in a folder called masks.

    Raises:
        FileNotFoundError: where there is no such folder or archive.
        ValueError: for fewer than two pairs, a damaged file, or a mask of another shape than its image.
    """
    path = Path(path).expanduser()
    if (path / "facts.json").is_file():
        return of_prepared(Prepared.open(path).resized(size))
    with open_source(path) as source:
        names = match(source.names)
        _check_enough(len(names), str(path))
        images = np.empty((len(names), size, size, 3), np.uint8)
        masks = np.empty((len(names), size, size), np.uint8)
        for i, (image, mask) in enumerate(tqdm(names, "reading pairs", unit="pair", disable=not progress)):
            picture = source.image(image)
            images[i] = resize_image(picture, size)
            masks[i] = resize_mask(source.mask(mask, picture.size), size)
    return _as_tensors(images, masks)


def of_prepared(data: Prepared) -> Pairs:
    """The training images of a prepared data set that show a lesion, with its masks. Raises ValueError without any."""
    train = data.split("train")
    masks = train.read_masks(range(len(train)))  # (n, s, s)
    rows = np.flatnonzero(masks.any((1, 2)))
    _check_enough(len(rows), data.facts["title"])
    return _as_tensors(train.read(rows), masks[rows])


def match(names: list[str]) -> list[tuple[str, str]]:
    """The names of images with those of their masks, sorted; files without a partner are left out."""
    images = {}
    masks = {}
    for name in names:
        file = PurePosixPath(name)
        if file.suffix.lower() not in ENDINGS:
            continue
        mark = next((mark for mark in MARKS if file.stem.endswith(mark)), "")
        if mark or file.parent.name == "masks":
            masks[file.stem.removesuffix(mark)] = name
        else:
            images[file.stem] = name
    return [(images[stem], masks[stem]) for stem in sorted(images.keys() & masks.keys())]


def _check_enough(count: int, where: str) -> None:
    if count < FEWEST:
        raise ValueError(
            f"{where} has {count} pairs of image and mask, and at least {FEWEST} are needed: give NAME.jpg with "
            "NAME_segmentation.png or NAME_mask.png, or folders images and masks"
        )


def _as_tensors(images: np.ndarray, masks: np.ndarray) -> Pairs:
    flat = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()  # (n, s, s, 3) -> (n, 3, s, s)
    return Pairs(flat, torch.from_numpy(masks).bool())
