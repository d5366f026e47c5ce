"""RSNA Pneumonia Detection Challenge (stage 2): chest films as DICOM, with boxes around lung opacities.

Source: Shih et al., Radiology: Artificial Intelligence 2019, doi:10.1148/ryai.2019180041.
"""

from functools import partial

import numpy as np
import pandas as pd

from carekit.data import origins
from carekit.data.files import Source
from carekit.data.listing import (
    Faults,
    Layout,
    Listing,
    by_stem,
    checked,
    corners,
    has_table,
    match,
    one_table,
    read_table,
    some,
)

LABELS, CLASS_INFO = ("stage_2_train_labels.csv",), ("stage_2_detailed_class_info.csv",)
CLASSES = {"normal": "normal", "abnormal": "not normal, but no lung opacity", "opacity": "lung opacity"}
_SHORT = {"Normal": "normal", "No Lung Opacity / Not Normal": "abnormal", "Lung Opacity": "opacity"}
PAPER_COUNTS = {"normal": 8851, "abnormal": 6012, "opacity": 105}  # section 4.1
FACTS = {
    "name": "rsna",
    "title": "RSNA pneumonia: chest films with lung opacities",
    "licence": origins.RSNA.licence,
    "citation": origins.RSNA.citation,
    "source": "RSNA Pneumonia Detection Challenge 2018, stage 2, training images",
}


def read(files: Source, faults: Faults, subset: str = "paper", subset_seed: int = 0) -> Listing:
    """Films of three classes with all their boxes. Raises ValueError.

    subset: "paper" draws the paper's 8851 / 6012 / 105 films by subset_seed (in the same proportions, and fewer, where
    the source has not so many); "all" keeps every film.
    """
    if subset not in ("paper", "all"):
        raise ValueError(f"subset = {subset!r} is unknown: choose 'paper' or 'all'")
    labels_file, class_file = one_table(files, LABELS), one_table(files, CLASS_INFO)
    columns = ["patientId", "x", "y", "width", "height", "Target"]
    labels = read_table(files, labels_file, columns)
    labels = labels.set_axis(["image_id", "x", "y", "w", "h", "target"], axis=1)
    # An image with several boxes stands in as many rows of both tables.
    table = read_table(files, class_file, ["patientId", "class"]).drop_duplicates()
    table = table.set_axis(["image_id", "diagnosis"], axis=1)
    table = table.assign(diagnosis=table.diagnosis.replace(_SHORT), group=table.image_id)
    table = checked(faults, table, class_file, CLASSES)
    boxes = _boxes(faults, table, labels, labels_file, class_file)
    films = by_stem(faults, files, (".dcm",), within="train_images/")
    table = match(faults, files, table, films, ".dcm").assign(mask="")
    if subset == "paper":
        table = _paper_subset(table, subset_seed)
    return Listing(table, CLASSES, FACTS, boxes[boxes.image_id.isin(table.image_id)], rare=["opacity"])


def _boxes(faults: Faults, table, labels, labels_file: str, class_file: str) -> pd.DataFrame:
    """The boxes, where both tables agree on who has one."""
    stray = sorted(set(labels.image_id) ^ set(table.image_id))
    if stray:
        faults.refuse(f"{some(stray)} stand in only one of {labels_file} and {class_file}: fetch both again")
    labels = faults.drop(
        labels,
        ~labels.target.isin(["0", "1"]),
        f"{labels_file}: Target {{0.target!r}} of {{0.image_id!r}} is not 0 or 1",
    )
    boxes = corners(faults, labels[labels.target == "1"], labels_file)
    opaque = table.image_id[table.diagnosis == "opacity"]
    differ = sorted(set(opaque) ^ set(boxes.image_id))
    if differ:
        faults.refuse(f"{some(differ)} have a box but no lung opacity, or one but no box: fetch both tables again")
    return boxes


def _paper_subset(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Films drawn by seed in the paper's proportions: as many as there are, at most as many as in the paper."""
    have = table.diagnosis.value_counts()
    share = min(1.0, *(have.get(name, 0) / n for name, n in PAPER_COUNTS.items()))
    shuffled = table.iloc[np.random.default_rng(seed).permutation(len(table))]
    most = {name: max(2, round(share * n)) for name, n in PAPER_COUNTS.items()}
    return shuffled[shuffled.groupby("diagnosis").cumcount() < shuffled.diagnosis.map(most)]


RSNA = Layout(
    "rsna",
    ("patient", "image"),
    read,
    partial(has_table, names=LABELS),
    "it must hold stage_2_train_labels.csv, stage_2_detailed_class_info.csv and stage_2_train_images/*.dcm",
    whole={"subset": "all"},
)
