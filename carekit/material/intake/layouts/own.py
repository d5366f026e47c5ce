"""Your own images: a folder (or zip) with a table of labels, or a folder for each class.

The table: labels.csv, metadata.csv, or the only other .csv that names images and their classes. Its columns: image
(file name, with or without its folder), label, and optionally group (lesion or patient) and split ("train" or "test",
kept unless another is asked for), under these names or those of others (`SYNONYMS`), or one column of 0 and 1 for each
class. Folders train/ and test/ are a split. Boxes: see `annotations`.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath

import pandas as pd

from carekit.ground.messages import one_of
from carekit.material.intake.layouts.annotations import read_boxes
from carekit.material.intake.layouts.annotations.csv import TABLES as BOX_TABLES
from carekit.material.intake.layouts.annotations.masks import is_mask
from carekit.material.intake.layouts.annotations.place import Place
from carekit.material.intake.layouts.folders import is_folders, read_folders
from carekit.material.intake.layouts.layout import Faults, Layout, Listing, and_more
from carekit.material.intake.layouts.matching import PARTS, Images, known_part, without_ending
from carekit.material.intake.layouts.tables import check_rows, file_name, one_hot, read_table, whole_table
from carekit.material.intake.sources import Source
from carekit.material.intake.sources.decoding import ENDINGS

NAMES = ("labels.csv", "metadata.csv")  # the usual names, the first that is there
SYNONYMS = {
    "image": ("file_name", "filename", "image_id", "isic_id", "image_name", "id_code", "image index", "path", "name"),
    "label": ("class", "dx", "benign_malignant", "diagnosis", "diagnosis_1", "category", "target"),
    "group": ("patient_id", "patientid", "patient id", "patient", "subject_id", "subject", "case_id", "lesion_id"),
    "split": ("fold", "subset", "set"),
    "licence": ("copyright_license", "license"),
}


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
        label: the column of the table that holds the class, where it has several that may.
        boxes_in: "pixels", "percent" or "shares", where the numbers of boxes.csv do not tell.
        title, licence, citation: what the data set says about itself.

    Raises:
        ValueError: for a class in `rare` that no image has, and for whatever does not fit together.
    """
    for remark in files.remarks:
        faults.note(remark)
    pictures, masks = _pictures(files)
    tables = _tables(files)
    if tables:
        table = pd.concat([_from_table(files, faults, pictures, name, label) for name in tables], ignore_index=True)
        _tell_unnamed(files, faults, pictures, table, tables[0])
    else:
        table = read_folders(pictures)
    name = tables[0] if tables else "the folders"
    table = _with_ids(table)
    alone = "group" not in table
    table = table.assign(group=table.image_id if alone else table.group.str.replace(r"^(\d+)\.0$", r"\1", regex=True))
    table = faults.drop(table, table.diagnosis == "", f"{name}: image {{0.image!r}} has no label: give it one")
    classes = {each: each for each in table.diagnosis.value_counts().index}
    _check_classes(faults, name, list(classes), rare)
    table = _with_split(faults, check_rows(faults, table, name, classes), name)
    place = Place(files, faults, Images(table.image), list(classes), boxes_in)
    boxes, drawn = read_boxes(place, dict(zip(table.image, table.image_id, strict=True)), masks, category)
    table = table.assign(mask=[drawn.get(image, "") for image in table.image])
    stated = set(table.licence) - {""} if "licence" in table else set()
    if licence == "not stated" and stated:
        licence = ", ".join(sorted(stated))
    title = title or files.path.stem
    facts = {"name": files.path.stem, "title": title, "licence": licence, "citation": citation, "source": title}
    return Listing(table, classes, facts, boxes, list(rare), alone=alone)


def _pictures(files: Source) -> tuple[list[str], list[str]]:
    """The images and the masks among the files."""
    known = [name for name in files.names if name.lower().endswith(ENDINGS)]
    masks = [name for name in known if is_mask(name)]
    if len(masks) == len(known):  # a folder called masks holds all there is
        masks = []
    return sorted(set(known) - set(masks)), masks


def _tables(files: Source) -> list[str]:
    """The tables of labels: one, or one for each part of the split; none where folders are the classes."""
    for usual in NAMES:
        found = [name for name in files.names if file_name(name) == usual and _is_labels(files, name, usual)]
        if len(found) > 1 and len({known_part(name) for name in found} - {""}) < 2:
            names = ", ".join(found[:3])
            raise ValueError(f"{files.path} must hold one {usual}, and there is {len(found)} of them ({names})")
        if found:
            return found
    csvs = [name for name in files.names if name.lower().endswith(".csv") and file_name(name) not in BOX_TABLES]
    found = [name for name in csvs if _is_labels(files, name, "")]
    if len(found) > 1 and not is_folders(_pictures(files)[0]):
        raise ValueError(f"{and_more(found, 'tables')} name images and classes: call the one that counts labels.csv")
    return found if len(found) == 1 else []


def _is_labels(files: Source, name: str, usual: str) -> bool:
    """Whether a table names images and their classes; labels.csv is one whatever it holds: its faults are told."""
    if usual == NAMES[0]:
        return True
    try:
        columns = {column.lower() for column in whole_table(files, name).columns}
    except ValueError:
        return False
    images = {"image", *SYNONYMS["image"]} & columns
    return bool(images) and bool({"label", *SYNONYMS["label"]} & columns or _class_columns(files, name))


def _class_columns(files: Source, name: str) -> list[str]:
    """The columns that hold 0 or 1 alone, one for each class, or nothing."""
    table = whole_table(files, name)
    columns = [column for column in table if table[column].isin(["0", "1", "0.0", "1.0"]).all()]
    return columns if len(columns) > 1 and len(table) else []


def _from_table(files: Source, faults: Faults, pictures: list[str], name: str, label: str) -> pd.DataFrame:
    """image (its file), diagnosis, and group, split and licence where there are any."""
    optional = ("group", "split", "licence")
    if label:
        table = read_table(files, name, ["image", label], optional, SYNONYMS).rename(columns={label: "label"})
    else:
        table = read_table(files, name, ["image"], ("label", *optional), SYNONYMS)
    columns = _class_columns(files, name) if "label" not in table else []
    if columns:
        table = table.join(whole_table(files, name)[columns])
        table = one_hot(faults, table.assign(image_id=table.image), columns, name).rename(
            columns={"diagnosis": "label"}
        )
    elif "label" not in table:
        read_table(files, name, ["image", "label"])
    if table.empty:
        raise ValueError(f"{name} has no rows: give each image one")
    _tell_columns(files, faults, name, label)
    table = table.rename(columns={"label": "diagnosis"}).drop(columns=columns)
    table = table.assign(image=_resolve(files, faults, pictures, list(table.image), name))
    table = table[table.image != ""]
    if "group" not in table:
        return _with_groups(files, faults, table, name)
    if "group" not in (column.lower() for column in whole_table(files, name).columns):
        # A patient who is not known is nobody else's.
        table = table.assign(group=table.group.where(table.group != "", table.image))
    return table


def _with_groups(files: Source, faults: Faults, table: pd.DataFrame, name: str) -> pd.DataFrame:
    """With the groups that another table gives, as the metadata beside ISIC 2019's labels."""
    for other in files.names:
        if other.lower().endswith(".csv") and other != name and file_name(other) not in BOX_TABLES:
            try:
                groups = read_table(files, other, ["image", "group"], (), SYNONYMS)
            except ValueError:
                continue
            images = Images(table.image)
            of_image = {images.named(image, other): group for image, group in groups.itertuples(index=False)}
            if set(table.image) & set(of_image):
                faults.note(f"the groups (lesions or patients) are those of {other}")
                found = table.image.map(of_image).fillna("")
                return table.assign(group=found.where(found != "", table.image))
    return table


def _tell_columns(files: Source, faults: Faults, name: str, label: str) -> None:
    """Say which columns were taken for the class and the group, where they have other names and nobody chose them."""
    have = {column.lower(): column for column in whole_table(files, name).columns}
    for what in ("group",) if label else ("label", "group"):
        fit = [have[each] for each in (what, *SYNONYMS[what]) if each in have]
        if fit and fit[0].lower() != what:
            others = f"; others are {', '.join(fit[1:])}: choose by --label" if what == "label" and fit[1:] else ""
            faults.note(f"{name}: the column {fit[0]} is taken for the {what}{others}")


def _resolve(files: Source, faults: Faults, pictures: list[str], named: list[str], table: str) -> list[str]:
    """The files that a table names; "" where there is none, once that is survived."""
    images = Images(pictures)
    found = [images.named(name, table) for name in named]
    if not all(found):  # files without the ending of an image, whose content will tell
        others = Images(name for name in files.names if not name.lower().endswith((*ENDINGS, ".csv", ".txt", ".json")))
        found = [file or others.named(name, table) for name, file in zip(named, found, strict=True)]
    lost = [name for name, file in zip(named, found, strict=True) if not file]
    if lost:
        remarks = "; ".join(["", *files.remarks])
        words = f"have no file of that name ({', '.join(ENDINGS)}), or several, in {files.path}"
        sentence = f"{table}: {and_more(lost)} {words}{images.hint(lost[0])}{remarks}"
        faults.miss(sentence, lost, "no file")
    return found


def _tell_unnamed(files: Source, faults: Faults, pictures: list[str], table: pd.DataFrame, name: str) -> None:
    extra = sorted(set(pictures) - set(table.image))
    if extra:
        words = f"in {files.path} have no row in {name}: add the rows, or remove the files"
        faults.miss(f"{and_more(extra)} {words}", extra, f"no row in {name}")


def _with_ids(table: pd.DataFrame) -> pd.DataFrame:
    """image_id: the file's name, or its path where several folders hold that name."""
    stems = table.image.map(lambda image: without_ending(PurePosixPath(image).name))
    shared = stems.duplicated(keep=False) & ~table.image.duplicated(keep=False)
    return table.assign(image_id=stems.where(~shared, table.image))


def _check_classes(faults: Faults, name: str, classes: list[str], rare: Sequence[str]) -> None:
    by_lower: dict[str, str] = {}
    for each in classes:
        other = by_lower.setdefault(each.lower(), each)
        if other != each:
            faults.refuse(f"{name}: classes {other!r} and {each!r} differ by case only: write one of them everywhere")
    for each in rare:
        one_of("rare", each, classes)


def _with_split(faults: Faults, table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The split of the table, else that of the folders where they are a whole one."""
    if "split" in table:
        parts = table.split.str.lower().map(PARTS)
        words = "it must be 'train' or 'test' (images for validation join the training part)"
        sentence = f"{name}: split {{0.split!r}} of image {{0.image!r}} is unknown: {words}"
        return (
            faults.drop(table.assign(part=parts), parts.isna(), sentence)
            .drop(columns="split")
            .rename(columns={"part": "split"})
        )
    parts = table.image.map(known_part)
    if not {"train", "test"} <= set(parts):
        return table
    whole = (parts != "").all() and (table.groupby(parts).diagnosis.nunique() == table.diagnosis.nunique()).all()
    apart = (parts.groupby(table.group).nunique() == 1).all()
    if whole and apart:
        faults.note("the folders for training and test are kept as the split")
        return table.assign(split=parts)
    why = "a group has images in both" if whole else "not every image is in one of them, or one lacks a class"
    faults.note(f"the folders for training and test are not used as the split: {why}")
    return table


OWN = Layout(
    name="own",
    splits=("group", "image", "fixed"),
    read=read,
    fits=lambda files: bool(_tables(files)) or is_folders(_pictures(files)[0]),
    expects="it must hold labels.csv with the columns image and label, and the images, or a folder for each class",
    fixes=True,
)
