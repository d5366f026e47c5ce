"""Your own images: a folder (or zip) with labels.csv and, for boxes, boxes.csv, a COCO file, YOLO files or masks.

labels.csv: image (file name, with or without its folder), label, and optionally group (lesion or patient) and split
("train" or "test"; it is kept unless another is asked for). boxes.csv: image and x0, y0, x1, y1, or x, y, w, h, in
pixels of the image, origin at the top left. COCO: one .json file with "images" and "annotations". YOLO: for each image
NAME.txt with lines `class cx cy w h` in shares of the image; its class is not used. Masks: NAME_segmentation.png or
NAME_mask.png, white on black.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath

import pandas as pd

from carekit.data.layouts.layout import Faults, Layout, Listing
from carekit.data.layouts.own_boxes import read_boxes
from carekit.data.layouts.tables import and_more, check_rows, files_by_stem, has_table, one_table, read_table, stem
from carekit.data.sources import Source
from carekit.data.sources.decoding import ENDINGS
from carekit.names import one_of

TABLES = ("labels.csv",)
MASK_ENDINGS = ("_segmentation.png", "_mask.png")


def read(
    files: Source,
    faults: Faults,
    rare: Sequence[str] = (),
    title: str = "",
    licence: str = "not stated",
    citation: str = "not stated",
) -> Listing:
    """Labels, boxes and images.

    Args:
        rare: the classes to attend to, by default the one with fewest images.
        title, licence, citation: what the data set says about itself.

    Raises:
        ValueError: for a class in `rare` that no image has, and for whatever does not fit together.
    """
    name = one_table(files, TABLES)
    table = read_table(files, name, ["image", "label"], ("group", "split"))
    if table.empty:
        raise ValueError(f"{name} has no rows: give each image one")
    named = table.image.str.replace("\\", "/")  # as Windows writes paths
    table = table.rename(columns={"label": "diagnosis"}).assign(image=_resolve(files, faults, named, name))
    table = table[table.image != ""]
    stems = table.image.map(stem)
    shared = stems.duplicated(keep=False) & ~table.image.duplicated(keep=False)
    table = table.assign(image_id=stems.where(~shared, table.image))  # files of one name in several folders
    table = table.assign(group=table.group if "group" in table else table.image_id)
    table = faults.drop(table, table.diagnosis == "", f"{name}: image {{0.image!r}} has no label: give it one")
    classes = {each: each for each in table.diagnosis.value_counts().index}
    for each in rare:
        one_of("rare", each, classes)
    table = check_rows(faults, table, name, classes)
    if "split" in table:
        bad = ~table.split.isin(["train", "test"])
        sentence = f"{name}: split {{0.split!r}} of image {{0.image!r}} is unknown: it must be 'train' or 'test'"
        table = faults.drop(table, bad, sentence)
    table = _with_masks(files, faults, table, name)
    boxes = read_boxes(files, faults, table)
    title = title or files.path.stem
    facts = {"name": files.path.stem, "title": title, "licence": licence, "citation": citation, "source": title}
    return Listing(table, classes, facts, boxes, list(rare))


def _with_masks(files: Source, faults: Faults, table: pd.DataFrame, name: str) -> pd.DataFrame:
    masks = files_by_stem(faults, files, MASK_ENDINGS)
    stray = sorted(set(masks) - set(table.image_id))
    if stray:
        faults.refuse(
            f"the masks of {and_more(stray)} in {files.path} belong to no image of {name}: correct their names"
        )
    return table.assign(mask=[masks.get(image_id, "") for image_id in table.image_id])


def _resolve(files: Source, faults: Faults, named: pd.Series, table: str) -> list[str]:
    """The files that a table names, by path or by last part; "" where there is none, once that is survived."""
    known = [name for name in files.names if name.lower().endswith(ENDINGS) and not name.lower().endswith(MASK_ENDINGS)]
    by_base: dict[str, str] = {}
    for name in known:
        for key in {PurePosixPath(name).name, stem(name)}:
            by_base[key] = "" if key in by_base else name  # of two with one name none is meant
    whole = set(known)
    found = [name if name in whole else by_base.get(PurePosixPath(name).name, "") for name in named]
    lost = [name for name, file in zip(named, found, strict=True) if not file]
    if lost:
        kinds = ", ".join(ENDINGS)
        faults.refuse(f"{table}: {and_more(lost)} have no file of that name ({kinds}), or several, in {files.path}")
    extra = sorted(whole - set(found))
    if extra:
        faults.refuse(f"{and_more(extra)} in {files.path} have no row in {table}: add the rows, or remove the files")
    return found


OWN = Layout(
    name="own",
    splits=("group", "image", "fixed"),
    read=read,
    fits=lambda files: has_table(files, TABLES),
    expects="it must hold labels.csv with the columns image and label, and the images",
    fixes=lambda files: "split" in read_table(files, one_table(files, TABLES), [], ("split",)),
)
