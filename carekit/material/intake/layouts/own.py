"""Your own images: a folder (or zip) with a table of labels, or a folder for each class.

The table: labels.csv, metadata.csv, or the only other table that names images and their classes. Its columns: image
(file name, with or without its folder), label, and optionally group (lesion or patient) and split ("train" or "test",
kept unless another is asked for), under these names or those of others (`labels.SYNONYMS`), or one column of 0 and 1
for each class. Folders train/ and test/ are a split. Boxes: see `annotations`.
"""

import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

import pandas as pd

from carekit.ground.messages import one_of
from carekit.material.intake.layouts.account import Account
from carekit.material.intake.layouts.annotations import read_boxes
from carekit.material.intake.layouts.annotations.masks import divide
from carekit.material.intake.layouts.annotations.place import Place
from carekit.material.intake.layouts.folders import is_folders, read_folders
from carekit.material.intake.layouts.labels import FOLDERS, Table, find_tables, groups_of_others, rows_of
from carekit.material.intake.layouts.layout import Faults, Layout, Listing, and_more
from carekit.material.intake.layouts.matching import PARTS, Images, known_part, without_ending
from carekit.material.intake.layouts.tables import check_rows, image_column, table_names
from carekit.material.intake.sources import Source
from carekit.material.intake.sources.decoding import ENDINGS, FILMS
from carekit.material.intake.sources.films import patient_of


def read(
    files: Source,
    faults: Faults,
    rare: Sequence[str] = (),
    category: Sequence[str] = (),
    label: str = "",
    boxes_in: str = "",
    title: str = "",
    licence: str = "not stated",
    citation: str = "not stated",
) -> Listing:
    """Labels, boxes and images.

    Args:
        rare: the classes to attend to, by default the one with fewest images.
        category: the categories of boxes that count, by default all.
        label: the column of the table that holds the class; "folder" for the folders' names.
        boxes_in: "pixels", "percent" or "shares", if the numbers of boxes.csv do not show it.
        title, licence, citation: what the data set says about itself.

    Raises:
        ValueError: for a class in `rare` that no image has, for an option that cannot be used, and for whatever does
            not fit together.
    """
    for remark in files.remarks:
        faults.note(remark)
    pictures, masks = divide(files)
    account = Account(files, faults)
    tables = find_tables(files, Images(pictures), label)
    if tables:
        name = tables[0].name
        listed = pd.concat([_resolved(files, faults, pictures, table, label) for table in tables], ignore_index=True)
        listed = _composed(listed)
        account.table(tables, listed)
        _miss_unnamed(files, faults, pictures, listed, tables)
    else:
        if label not in ("", FOLDERS):
            raise ValueError(
                f"--label {label}: no table names the images, so the folders are the classes: leave it out"
            )
        name = "the folders"
        listed = _composed(read_folders(pictures))
        account.folders(listed, sorted(set(pictures) - set(listed.image)))
    listed = _with_ids(listed)
    listed, source_of_groups = _with_groups(files, faults, listed, [table.name for table in tables])
    account.groups(listed, source_of_groups)
    listed = faults.drop(listed, listed.diagnosis == "", f"{name}: image {{0.image!r}} has no label: give it one")
    classes = {each: each for each in listed.diagnosis.value_counts().index}
    _check_classes(faults, name, list(classes), rare)
    alone = "group" not in listed
    if alone:
        listed = listed.assign(group=listed.image_id)
    listed = _with_split(faults, check_rows(faults, listed, name, classes), name)
    place = Place(files, faults, Images(listed.image), list(classes), boxes_in)
    place.labels = [table.name for table in tables]
    boxes, drawn = read_boxes(place, dict(zip(listed.image, listed.image_id, strict=True)), masks, category)
    if boxes_in and not any(name.lower().endswith((".csv", ".tsv")) for name in place.used):
        raise ValueError(f"--boxes-in {boxes_in}: there is no table of boxes: leave it out")
    listed = listed.assign(mask=[drawn.get(image, "") for image in listed.image])
    account.boxes(place, boxes, drawn, listed)
    stated = set(listed.get("licence", ())) - {""}
    if licence == "not stated" and stated:
        licence = ", ".join(sorted(stated))
    title = title or files.path.stem
    facts = {"name": files.path.stem, "title": title, "licence": licence, "citation": citation, "source": title}
    return Listing(listed, classes, facts | {"account": account.lines}, boxes, list(rare), alone=alone)


def fits(files: Source) -> bool:
    """Whether there is a table of labels, or a folder for each class."""
    pictures, _ = divide(files)
    try:
        return bool(find_tables(files, Images(pictures))) or is_folders(pictures)
    except ValueError:
        return True  # there is something of this layout, and `read` says what is wrong with it


def _resolved(files: Source, faults: Faults, pictures: list[str], table: Table, label: str) -> pd.DataFrame:
    """The rows of a table of labels with the files of their images; rows whose image is not there are missed."""
    listed = rows_of(faults, table, label)
    named = list(listed.image)
    images = Images(pictures)
    found = [images.named(name, table.name) for name in named]
    if not all(found):  # files without the ending of an image: their content shows what they are
        no_pictures = (*ENDINGS, ".csv", ".txt", ".json")
        others = Images(name for name in files.names if not name.lower().endswith(no_pictures))
        found = [file or others.named(name, table.name) for name, file in zip(named, found, strict=True)]
    lost = [name for name, file in zip(named, found, strict=True) if not file]
    if lost:
        packed = [f"unpack {name}" for name in files.names if name.lower().endswith((".7z", ".rar", ".tar", ".gz"))]
        remarks = "; ".join(["", *packed[:3], *files.remarks])
        words = f"have no file of that name ({', '.join(ENDINGS)}), or several, in {files.path}"
        sentence = f"{table.name}: {and_more(lost)} {words}{images.hint(lost[0])}{remarks}"
        faults.miss(sentence, lost, "no file")
    return listed.assign(image=found)[[file != "" for file in found]]


def _composed(listed: pd.DataFrame) -> pd.DataFrame:
    """Classes in Unicode's composed form: Mac and Windows write an accent in two ways."""
    return listed.assign(diagnosis=listed.diagnosis.map(lambda text: unicodedata.normalize("NFC", text)))


def _miss_unnamed(
    files: Source, faults: Faults, pictures: list[str], listed: pd.DataFrame, tables: list[Table]
) -> None:
    """Miss the images without a label; those that another table names are left out, as a challenge's test images."""
    extra = sorted(set(pictures) - set(listed.image))
    unlabelled = Images(extra)
    for name, rows in table_names(files).items():
        column = image_column(rows, unlabelled, ())
        if extra and column and name not in [table.name for table in tables]:
            there = sorted({unlabelled.named(cell, name) for cell in rows[column]} - {""})
            if there:
                faults.note(f"{and_more(there)} are named by {name}, which gives no class, and are left out")
            extra = sorted(set(extra) - set(there))
    if extra:
        words = f"in {files.path} have no row in {tables[0].name}: add the rows, or remove the files"
        faults.miss(f"{and_more(extra)} {words}", extra, f"no row in {tables[0].name}")


def _with_ids(listed: pd.DataFrame) -> pd.DataFrame:
    """image_id: the file's name, or its path if several folders hold that name."""
    stems = listed.image.map(lambda image: without_ending(PurePosixPath(image).name))
    shared = stems.duplicated(keep=False) & ~listed.image.duplicated(keep=False)
    return listed.assign(image_id=stems.where(~shared, listed.image))


def _with_groups(files: Source, faults: Faults, listed: pd.DataFrame, used: Sequence[str]) -> tuple[pd.DataFrame, str]:
    """The groups of the table, else those of another one, else Roboflow's versions of a picture; and their source."""
    source = (*used, "the folders")[0]
    if "group" not in listed:
        listed, source = groups_of_others(files, faults, listed, used)
    if "group" not in listed and listed.image_id.str.contains(".rf.", regex=False).any():
        source = "the names with .rf."
        faults.note("images whose names differ only after .rf. are Roboflow's versions of one picture: one group each")
        listed = listed.assign(group=listed.image_id.str.split(".rf.", regex=False).str[0])
    if "group" not in listed and listed.image.str.lower().str.endswith(FILMS).all():
        patients = listed.image.map(lambda name: patient_of(files.read(name)))
        if 1 < patients.nunique() < len(listed):
            source = "the films' headers (PatientID)"
            faults.note("the groups are the patients that the films' headers name")
            listed = listed.assign(group=patients.where(patients != "", listed.image))
    if "group" in listed:
        groups = listed.group.str.replace(r"^(\d+)\.0$", r"\1", regex=True)
        # P1 and p1 are one patient.
        first = groups.groupby(groups.str.casefold()).transform("first")
        listed = listed.assign(group=first)
    return listed, source


def _check_classes(faults: Faults, name: str, classes: list[str], rare: Sequence[str]) -> None:
    by_lower: dict[str, str] = {}
    for each in classes:
        other = by_lower.setdefault(each.lower(), each)
        if other != each:
            faults.refuse(f"{name}: classes {other!r} and {each!r} differ by case only: write one of them everywhere")
    for each in rare:
        one_of("rare", each, classes)


def _with_split(faults: Faults, listed: pd.DataFrame, name: str) -> pd.DataFrame:
    """The split of the table, else that of the folders if they are a whole one."""
    if "split" in listed:
        parts = listed.split.str.lower().map(PARTS)
        words = "it must be 'train' or 'test' (images for validation join the training part)"
        sentence = f"{name}: split {{0.split!r}} of image {{0.image!r}} is unknown: {words}"
        kept = faults.drop(listed.assign(part=parts), parts.isna(), sentence)
        return kept.drop(columns="split").rename(columns={"part": "split"})
    parts = listed.image.map(known_part)
    if set(parts) == {"train"} and len({PurePosixPath(image).parts for image in listed.image}) > 1:
        faults.note("there are folders for training, and none for test: a test part is drawn from all images")
    if not {"train", "test"} <= set(parts):
        return listed
    whole = (parts != "").all() and (listed.groupby(parts).diagnosis.nunique() == listed.diagnosis.nunique()).all()
    apart = (parts.groupby(listed.group).nunique() == 1).all()
    if whole and apart:
        faults.note("the folders for training and test are kept as the split")
        return listed.assign(split=parts)
    why = "a group has images in both" if whole else "not every image is in one of them, or one lacks a class"
    faults.note(f"the folders for training and test are not used as the split: {why}")
    return listed


OWN = Layout(
    name="own",
    splits=("group", "image", "fixed"),
    read=read,
    fits=fits,
    expects="it must hold labels.csv with the columns image and label, and the images, or a folder for each class",
    fixes=True,
)
