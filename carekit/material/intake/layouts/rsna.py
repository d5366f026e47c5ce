"""RSNA Pneumonia Detection Challenge (stage 2): chest films as DICOM, with boxes around lung opacities.

Source: Shih et al., Radiology: Artificial Intelligence 2019, doi:10.1148/ryai.2019180041.
"""

from functools import partial

import numpy as np
import pandas as pd

from carekit.ground.messages import one_of
from carekit.material.intake.download import origins
from carekit.material.intake.layouts.layout import Faults, Layout, Listing, and_more
from carekit.material.intake.layouts.tables import (
    attach_files,
    check_rows,
    files_by_stem,
    has_table,
    ids_of_images,
    one_table,
    parse_boxes,
    read_table,
)
from carekit.material.intake.sources import Source
from carekit.paper import CHEST_COUNTS, CHEST_NAMES

LABEL_TABLES = ("stage_2_train_labels.csv",)
CLASS_TABLES = ("stage_2_detailed_class_info.csv",)
CLASSES = CHEST_NAMES
_SHORT = {"Normal": "normal", "No Lung Opacity / Not Normal": "abnormal", "Lung Opacity": "opacity"}
FILMS = (".dcm", ".png", ".jpg", ".jpeg")
SUBSETS = ("paper", "all")
FACTS = {
    "name": "rsna",
    "title": "RSNA pneumonia: chest films with lung opacities",
    "licence": origins.RSNA.licence,
    "citation": origins.RSNA.citation,
    "source": "RSNA Pneumonia Detection Challenge 2018, stage 2, training images",
}


def read(files: Source, faults: Faults, subset: str = "paper", subset_seed: int = 0) -> Listing:
    """Films of three classes with all their boxes. Raises ValueError.

    Args:
        subset: "paper" draws the paper's 8851 / 6012 / 105 films (in the same proportions, and fewer, where the source
            has not so many); "all" keeps every film.
        subset_seed: which films "paper" draws.
    """
    one_of("subset", subset, SUBSETS)
    labels_file = one_table(files, LABEL_TABLES)
    class_file = one_table(files, CLASS_TABLES)
    columns = ["patientId", "x", "y", "width", "height", "Target"]
    labels = read_table(files, labels_file, columns)
    labels = labels.set_axis(["image_id", "x", "y", "w", "h", "target"], axis=1)
    labels = labels.assign(image_id=ids_of_images(labels.image_id))
    # An image with several boxes has as many rows in both tables.
    table = read_table(files, class_file, ["patientId", "class"]).drop_duplicates()
    table = table.set_axis(["image_id", "diagnosis"], axis=1)
    table = table.assign(image_id=ids_of_images(table.image_id))
    table = table.assign(diagnosis=table.diagnosis.replace(_SHORT), group=table.image_id)
    table = check_rows(faults, table, class_file, CLASSES)
    boxes = _boxes(faults, table, labels, labels_file, class_file)
    films = files_by_stem(faults, files, FILMS, within="train_images")
    table = attach_files(faults, files, table, films, ".dcm").assign(mask="")
    if subset == "paper":
        drawn = _paper_subset(table, subset_seed)
        _tell_rest(faults, table, drawn)
        table = drawn
    return Listing(table, CLASSES, FACTS, boxes[boxes.image_id.isin(table.image_id)], rare=["opacity"])


def _boxes(
    faults: Faults, table: pd.DataFrame, labels: pd.DataFrame, labels_file: str, class_file: str
) -> pd.DataFrame:
    """The boxes, where both tables agree on who has one."""
    stray = sorted(set(labels.image_id) ^ set(table.image_id))
    if stray:
        faults.refuse(f"{and_more(stray)} are in only one of {labels_file} and {class_file}: fetch both again")
    labels = faults.drop(
        labels,
        ~labels.target.isin(["0", "1", "0.0", "1.0"]),
        f"{labels_file}: Target {{0.target!r}} of {{0.image_id!r}} is not 0 or 1",
    )
    boxes = parse_boxes(faults, labels[labels.target.isin(["1", "1.0"])], labels_file)
    opaque = table.image_id[table.diagnosis == "opacity"]
    differ = sorted(set(opaque) ^ set(boxes.image_id))
    if differ:
        faults.refuse(f"{and_more(differ)} have a box but no lung opacity, or one but no box: fetch both tables again")
    return boxes


def _tell_rest(faults: Faults, table: pd.DataFrame, drawn: pd.DataFrame) -> None:
    """Say what the paper's subset leaves out."""
    if len(drawn) < len(table):
        lost = (table.diagnosis.value_counts() - drawn.diagnosis.value_counts()).astype(int)
        counts = ", ".join(f"{lost[name]} {name}" for name in CLASSES if lost.get(name))
        words = f"the paper's subset leaves out {len(table) - len(drawn)} of {len(table)} films ({counts})"
        faults.note(f"{words}: --subset all keeps them")


def _paper_subset(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Films drawn by seed in the paper's proportions: as many as there are, at most as many as in the paper."""
    have = table.diagnosis.value_counts()
    share = min(1.0, *(have.get(name, 0) / n for name, n in CHEST_COUNTS.items()))
    most = {name: max(2, round(share * n)) for name, n in CHEST_COUNTS.items()}
    shuffled = table.iloc[np.random.default_rng(seed).permutation(len(table))]
    # Of each class the first so many, as they come in the shuffled order.
    return shuffled[shuffled.groupby("diagnosis").cumcount() < shuffled.diagnosis.map(most)]


RSNA = Layout(
    name="rsna",
    splits=("patient", "image"),
    read=read,
    fits=partial(has_table, names=LABEL_TABLES),
    expects="it must hold stage_2_train_labels.csv, stage_2_detailed_class_info.csv and stage_2_train_images/*.dcm",
    whole={"subset": "all"},
)
