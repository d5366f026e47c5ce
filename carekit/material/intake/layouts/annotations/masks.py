"""Lesion masks beside the images: NAME_segmentation.png or NAME_mask.png, or the images' own names in masks/."""

from collections.abc import Iterable

from carekit.material.intake.layouts.annotations.place import Place
from carekit.material.intake.sources.decoding import ENDINGS

MASK_ENDINGS = ("_segmentation.png", "_mask.png")
FOLDERS = {"masks", "mask", "segmentation", "segmentations", "segmentationclass"}


def is_mask(name: str) -> bool:
    """Whether a file is a mask by its name or its folder."""
    lower = name.lower()
    return lower.endswith(MASK_ENDINGS) or lower.endswith(ENDINGS) and bool(FOLDERS & set(lower.split("/")[:-1]))


def find_masks(place: Place, names: Iterable[str]) -> dict[str, str]:
    """image -> mask, for these masks.

    Raises:
        ValueError: for two different masks of one image.
    """
    masks = [name for name in names if is_mask(name)]
    owners = place.belonging(masks, "mask(s)", _stem)
    found: dict[str, str] = {}
    for mask, image in owners.items():
        first = found.setdefault(image, mask)
        if first != mask and place.files.read(first) != place.files.read(mask):
            place.faults.refuse(f"{first} and {mask} in {place.files.path} are different: remove the one that is wrong")
    return found


def _stem(name: str) -> str:
    last = name.rpartition("/")[2]
    ending = next((each for each in (*MASK_ENDINGS, *ENDINGS) if last.lower().endswith(each)), "")
    return last[: len(last) - len(ending)]
