"""ISIC 2018 Task 3 in the challenge's own layout, with the lesion masks of Task 1 (or of HAM10000) where they are.

Source: Codella et al., arXiv:1902.03368; images: Tschandl et al., Sci. Data 2018. An image without a mask has no box.
"""

import re

import pandas as pd

from carekit.material.intake.download import origins
from carekit.material.intake.layouts.ham10000 import CLASSES, MASK_ENDINGS, PHOTOGRAPHS
from carekit.material.intake.layouts.layout import Faults, Layout, Listing, and_more
from carekit.material.intake.layouts.tables import (
    attach_files,
    check_rows,
    file_name,
    files_by_stem,
    ids_of_images,
    one_hot,
    read_table,
)
from carekit.material.intake.sources import Source

_TRUTH = re.compile(r"isic2018_task3_(training|validation|test)_groundtruth\.csv")
_GROUPS = ("isic2018_task3_training_lesiongroupings.csv",)
_SPLITS = {"training": "train", "validation": "train", "test": "test"}
FACTS = {
    "name": "isic2018",
    "title": "ISIC 2018 Task 3: dermoscopic images of pigmented skin lesions",
    "licence": origins.ISIC2018.licence,
    "citation": origins.ISIC2018.citation,
    "source": "ISIC Challenge 2018, Task 3, with the masks of Task 1",
}


def read(files: Source, faults: Faults) -> Listing:
    """One-hot ground truths, the lesion groupings, and the images. Raises ValueError.

    The challenge's validation images join the training part of its fixed split. Its test and validation images come
    without lesion numbers: each counts as a lesion of its own.
    """
    truths = {name: _truth(files, faults, name) for name in sorted(files.names) if _part(name)}
    groups = _groups(files)
    training = [table for name, table in truths.items() if _part(name) == "training"]
    lost = [image_id for table in training for image_id in table.image_id if image_id not in groups]
    ungrouped = f"{and_more(lost)} have no row in ISIC2018_Task3_Training_LesionGroupings.csv" if lost else ""
    table = pd.concat(truths.values(), ignore_index=True)
    table = table.assign(group=table.image_id.map(groups).fillna(table.image_id))
    table = check_rows(faults, table, "the ground truth", CLASSES)
    images = files_by_stem(faults, files, PHOTOGRAPHS, within="_Input", but=MASK_ENDINGS)
    table = attach_files(faults, files, table, images, ".jpg")
    masks = files_by_stem(faults, files, MASK_ENDINGS)
    table = table.assign(mask=[masks.get(name, "") for name in table.image_id])
    if "test" not in set(table.split):
        table = table.drop(columns="split")
    return Listing(table, CLASSES, FACTS, rare=["df"], ungrouped=ungrouped)


def _part(name: str) -> str:
    """The part of the challenge whose ground truth a file is: "training", "validation" or "test"; "" for others."""
    found = _TRUTH.fullmatch(file_name(name))
    return found[1] if found else ""


def _truth(files: Source, faults: Faults, name: str) -> pd.DataFrame:
    """image_id, diagnosis and split out of a table with one column for each class that holds 1 in one of them."""
    columns = [short.upper() for short in CLASSES]
    table = read_table(files, name, ["image", *columns]).rename(columns={"image": "image_id"})
    table = one_hot(faults, table.assign(image_id=ids_of_images(table.image_id)), columns, name)
    return table[["image_id"]].assign(diagnosis=table.diagnosis.str.lower(), split=_SPLITS[_part(name)])


def _groups(files: Source) -> dict[str, str]:
    for name in files.names:
        if file_name(name) in _GROUPS:
            table = read_table(files, name, ["image", "lesion_id"])
            return dict(zip(ids_of_images(table.image), table.lesion_id, strict=True))
    return {}


ISIC2018 = Layout(
    name="isic2018",
    splits=("lesion", "image", "fixed"),
    read=read,
    fits=lambda files: any(_part(name) for name in files.names),
    expects="it must hold ISIC2018_Task3_Training_GroundTruth.csv and the folder ISIC2018_Task3_Training_Input",
)
