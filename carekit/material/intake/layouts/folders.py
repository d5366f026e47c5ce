"""A folder for each class, as torchvision, Hugging Face and Keras have it, perhaps below train/, val/ and test/."""

from collections import Counter
from collections.abc import Sequence
from os.path import commonprefix
from pathlib import PurePosixPath

import pandas as pd

from carekit.material.intake.layouts.matching import NEUTRAL, PARTS

_MOST = 100  # classes: with more, the folders are rather patients


def is_folders(pictures: Sequence[str]) -> bool:
    """Whether each image lies in a folder of two or more, all at one depth, that can be its class."""
    levels = _levels(pictures)
    sizes = Counter(each[-1] for each in levels if each)
    return 2 <= len(sizes) <= _MOST and {len(each) for each in levels} == {1} and max(sizes.values()) > 1


def read_folders(pictures: Sequence[str]) -> pd.DataFrame:
    """image (its file) and diagnosis (its folder)."""
    return pd.DataFrame({"image": list(pictures), "diagnosis": [each[-1] for each in _levels(pictures)]})


def _levels(pictures: Sequence[str]) -> list[list[str]]:
    """For each image its folders that are not those of all, no parts of a split, and do not say what lies in them."""
    folders = [[part for part in PurePosixPath(name).parts[:-1] if _may_be_class(part)] for name in pictures]
    shared = len(commonprefix(folders))
    return [each[shared:] for each in folders]


def _may_be_class(folder: str) -> bool:
    lower = folder.lower()
    return lower not in NEUTRAL and lower not in PARTS and not lower.endswith(".zip")
