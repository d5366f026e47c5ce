"""Lesion masks next to the images: NAME_segmentation.png or NAME_mask.png, or the images' own names in masks/."""

import re
from collections.abc import Iterable, Sequence

from carekit.material.intake.layouts.annotations.place import Place
from carekit.material.intake.sources import Source
from carekit.material.intake.sources.decoding import ENDINGS

_MASK = re.compile(r"_(segmentation|mask)(_\d+)?\.png$", re.I)  # BUSI has NAME_mask_1.png for a second lesion
_FOLDER = re.compile("(left|right|lung|lesion|binary)?[ _-]?(masks?|segmentations?|segmentationclass)", re.I)
OBJECTS = "segmentationobject"  # Pascal VOC's numbers of objects, next to SegmentationClass
LOOKED_AT = 8  # pictures that are opened to see whether they are masks


def is_mask(name: str) -> bool:
    """Whether a file is a mask by its name or its folder."""
    lower = name.lower()
    if not lower.endswith(ENDINGS):
        return False
    return bool(_MASK.search(name)) or any(map(_FOLDER.fullmatch, lower.split("/")[:-1]))


def divide(files: Source) -> tuple[list[str], list[str]]:
    """The images and the masks among the files of a source."""
    pictures = [name for name in files.names if name.lower().endswith(ENDINGS)]
    pictures = [name for name in pictures if OBJECTS not in name.lower().split("/")[:-1]]
    masks = [name for name in pictures if is_mask(name)]
    if len(masks) == len(pictures):  # a folder called masks holds all there is
        masks = []
    images = sorted(set(pictures) - set(masks))
    extended = _extended(images)
    if extended and all(_two_values(files, name) for name in extended[:: -(-len(extended) // LOOKED_AT)]):
        masks += extended
    return sorted(set(images) - set(masks)), masks


def _extended(images: Sequence[str]) -> list[str]:
    """The .png files whose name is that of another image in their folder and something after "_"."""
    stems = {name.rpartition(".")[0] for name in images}
    return [name for name in images if name.lower().endswith(".png") and _root(name) in stems]


def _root(name: str) -> str:
    return name.rpartition(".")[0].rpartition("_")[0]


def _two_values(files: Source, name: str) -> bool:
    """Whether a picture holds black and one other colour, as a mask does."""
    try:
        colours = files.image(name).getcolors(2)
    except (ValueError, OSError):
        return False
    return colours is not None and any(colour == (0, 0, 0) for _, colour in colours)


def find_masks(place: Place, names: Iterable[str]) -> dict[str, str]:
    """image -> mask, for these masks.

    Raises:
        ValueError: for two different masks of one image.
    """
    owners = place.belonging(list(names), "mask(s)", lambda name: _stem(place, name))
    found: dict[str, str] = {}
    for mask, image in owners.items():
        first = found.setdefault(image, mask)
        if first != mask and place.files.read(first) != place.files.read(mask):
            words = f"{first} and {mask} in {place.files.path} are different, and belong to one image"
            place.faults.refuse(f"{words}: join them in one file, or remove the one that is wrong")
    return found


def _stem(place: Place, name: str) -> str:
    """The name of a mask without what makes it a mask."""
    last = name.rpartition("/")[2]
    if _MASK.search(last):
        return _MASK.sub("", last)
    bare = last.rpartition(".")[0]
    return bare if place.images.knows(bare) else _root(last) or bare
