"""A folder for each class, as torchvision, Hugging Face and Keras have it, perhaps below train/, val/ and test/."""

from collections import Counter
from collections.abc import Sequence
from os.path import commonprefix
from pathlib import PurePosixPath

import pandas as pd

from carekit.material.intake.layouts.matching import is_neutral

_MOST = 1000  # classes: with more, the folders are rather patients


def is_folders(pictures: Sequence[str]) -> bool:
    """Whether the images are in folders of two or more classes, all at one depth, perhaps with one for each patient.

    A few images in the folder that holds those of the classes do not count.
    """
    return _class_level(_levels(pictures)) >= 0


def read_folders(pictures: Sequence[str]) -> pd.DataFrame:
    """image (its file), diagnosis (its folder), and group if there is a folder for each patient, too."""
    levels = _levels(pictures)
    at = _class_level(levels)
    rows = [(name, *folders) for name, folders in zip(pictures, levels, strict=True) if folders]
    columns = ["image", "group", "group"][: len(rows[0])]
    columns[1 + at] = "diagnosis"
    return pd.DataFrame(rows, columns=columns)


def _levels(pictures: Sequence[str]) -> list[list[str]]:
    """For each image its folders that may be a class: not those of all images, of a split, or such as images/."""
    folders = []
    for name in pictures:
        folders.append([part for part in PurePosixPath(name).parts[:-1] if not is_neutral(part) and ".zip" not in part])
    shared = len(commonprefix([each for each in folders if each]))
    return [each[shared:] for each in folders]


def _class_level(levels: list[list[str]]) -> int:
    """Which of the folders of an image is its class; -1 if none can be."""
    inside = [folders for folders in levels if folders]
    depth = max(map(len, inside), default=0)
    strays = len(levels) - len(inside)
    if depth not in (1, 2) or {len(folders) for folders in inside} != {depth} or strays > max(1, len(levels) // 50):
        return -1
    names = [Counter(folders[at] for folders in inside) for at in range(depth)]
    at = min(range(depth), key=lambda at: len(names[at]))
    # Two levels are class and patient only if each patient has a single class, and there are more patients.
    if depth == 2 and not len(names[at]) < len(names[1 - at]) == len(set(map(tuple, inside))):
        return -1
    fits = 2 <= len(names[at]) <= _MOST and max(names[at].values()) > 1
    return at if fits else -1
