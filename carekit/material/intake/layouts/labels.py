"""The table of labels of somebody's own images, found by its cells: names of images, classes, groups, parts."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from carekit.material.intake.layouts.annotations.csv import TABLES as BOX_TABLES
from carekit.material.intake.layouts.annotations.csv import box_columns
from carekit.material.intake.layouts.layout import Faults, and_more
from carekit.material.intake.layouts.matching import PARTS, Images, known_part
from carekit.material.intake.layouts.tables import column_of, file_name, image_column, one_hot, table_names, whole_table
from carekit.material.intake.sources import Source

USUAL = ("labels.csv", "metadata.csv")  # the usual names of the table, the first that is there
FOLDERS = "folder"  # as --label: the folders are the classes, whatever the tables hold
SYNONYMS = {
    "image": ("file_name", "filename", "image_id", "isic_id", "image_name", "id_code", "image index", "path", "name"),
    "label": ("class", "dx", "benign_malignant", "diagnosis", "diagnosis_1", "diagnostic", "category", "target"),
    "group": ("patient_id", "patientid", "patient id", "patient", "subject_id", "subject", "case_id", "lesion_id")
    + ("pid", "mrn"),
    "split": ("fold", "subset", "set"),
    "licence": ("copyright_license", "license"),
}


class Table(NamedTuple):
    """A table that names images.

    Args:
        name: its file.
        rows: all its columns.
        columns: image, label, group, split and licence -> the column that holds it, "" for none.
        hot: its columns of 0 and 1, one for each class, if it has no column of classes.
    """

    name: str
    rows: pd.DataFrame
    columns: dict[str, str]
    hot: list[str]

    @property
    def classes(self) -> int:
        """How many classes it gives."""
        if self.columns["label"]:
            return self.rows[self.columns["label"]].nunique()
        return len(self.hot)


def describe(name: str, rows: pd.DataFrame, images: Images, label: str = "") -> Table:
    """What the columns of a table are. label: the column that holds the class, if it was chosen."""
    columns = {what: column_of(rows, what, synonyms) for what, synonyms in SYNONYMS.items()}
    columns["image"] = image_column(rows, images, ("image", *SYNONYMS["image"]))
    if label:
        columns["label"] = column_of(rows, label)
    if columns["image"] == columns["label"]:
        columns["label"] = ""
    # A column such as fold is a split only if it holds parts; one called split is reported if it does not.
    if columns["split"].lower() != "split" and columns["split"]:
        if not rows[columns["split"]].str.lower().isin(PARTS).all():
            columns["split"] = ""
    hot: list[str] = []
    if not columns["label"] and len(rows):
        hot = [column for column in rows if rows[column].isin(["0", "1", "0.0", "1.0"]).all()]
    return Table(name, rows, columns, hot * (len(hot) > 1))


def find_tables(files: Source, images: Images, label: str = "") -> list[Table]:
    """The tables of labels: one, or one for each part of a split; [] if the folders are the classes.

    Raises:
        ValueError: for several that may be, and for one that names the images and has no column of classes.
    """
    if label == FOLDERS:
        return []
    named = [name for name in files.names if file_name(name) == USUAL[0]]
    if len(named) > 1 and len({known_part(name) for name in named} - {""}) < 2:
        raise ValueError(f"{files.path} must hold one {USUAL[0]}, and there are {and_more(named, 'of them')}")
    if named:  # whatever they hold: their faults are reported
        return [describe(name, whole_table(files, name), images, label) for name in named]
    tables = [describe(name, rows, images, label) for name, rows in table_names(files).items()]
    tables = [t for t in tables if t.columns["image"] and file_name(t.name) not in BOX_TABLES]
    # A table of a single class, such as a sample of a submission, tells nothing.
    labelled = [t for t in tables if t.classes > 1]
    usual = [t for t in labelled if file_name(t.name) == USUAL[1]]
    chosen = usual or labelled
    cells = pd.concat([pd.Series(t.rows[t.columns["image"]].unique()) for t in chosen] or [pd.Series(dtype=str)])
    if cells.duplicated().any() and len({known_part(t.name) for t in chosen} - {""}) < 2:
        names = and_more([t.name for t in chosen], "tables")
        raise ValueError(f"{names} name images and classes: call the one that counts {USUAL[0]}")
    if not chosen:
        for table in sorted(tables, key=lambda table: -len(table.rows)):
            _ask_for_classes(table, images)
    return chosen


def _ask_for_classes(table: Table, images: Images) -> None:
    """Refuse a table that names images of this source, and has columns that may be the class."""
    cells = table.rows[table.columns["image"]]
    taken = [column for column in table.columns.values() if column]
    candidates = []
    free = [column for column in table.rows if column not in taken and not box_columns(table.rows)]
    # Words are rather classes than numbers are.
    for column in sorted(free, key=lambda column: table.rows[column].str.fullmatch(r"[-\d., ]*").all()):
        values = table.rows[column].nunique()
        if 2 <= values <= min(100, len(table.rows) // 2):
            candidates.append(f"{column} ({values} values)")
    if candidates and any(map(images.knows, cells.head(200))):
        words = f"{table.name} names the images, and none of its columns is called label"
        raise ValueError(
            f"{words}: choose the class by --label: {', '.join(candidates[:12])}; --label {FOLDERS} takes the folders"
        )


def rows_of(faults: Faults, table: Table, label: str = "") -> pd.DataFrame:
    """image (as the table names it), diagnosis, and group, split and licence where there are any.

    Raises:
        ValueError: for a table without images, classes or rows.
    """
    name, rows, columns, hot = table
    for what in ("image", "label"):
        if not columns[what] and not (what == "label" and hot):
            known = ", ".join(map(repr, rows.columns[:12]))
            wanted = {"image": "image", "label": label or "label"}
            raise ValueError(
                f"{name} has no column {wanted[what]!r}: it needs {', '.join(wanted.values())}, and has {known}"
            )
    if rows.empty:
        raise ValueError(f"{name} has no rows: give each image one")
    _tell_columns(faults, table, label)
    given = {what: rows[column] for what, column in columns.items() if column}
    if hot:
        chosen = one_hot(faults, rows[hot].assign(image_id=given["image"]), hot, name)
        given["label"] = chosen.diagnosis
    listed = pd.DataFrame(given).rename(columns={"label": "diagnosis"})
    listed = listed[listed.diagnosis.notna()]
    lists = listed.diagnosis.str.match(r'\[|{"')  # of JSON
    if lists.any():
        column = columns["label"]
        raise ValueError(f"{name}: the column {column!r} holds lists and no classes: choose another by --label")
    if columns["group"] and columns["group"].lower() != "group":
        # A patient who is not known is a group alone.
        listed = listed.assign(group=listed.group.where(listed.group != "", listed.image))
    return listed


def _tell_columns(faults: Faults, table: Table, label: str) -> None:
    """Note which columns are taken for the class and the group, if they have other names and were not chosen."""
    for what in ("group",) if label else ("label", "group"):
        column = table.columns[what]
        if column and column.lower() != what:
            have = [column_of(table.rows, synonym) for synonym in SYNONYMS[what]]
            others = [other for other in have if other and other != column]
            more = ""
            if what == "label" and others:
                more = f"; others are {', '.join(others)}: choose by --label"
            faults.note(f"{table.name}: the column {column} is taken for the {what}{more}")


def groups_of_others(
    files: Source, faults: Faults, listed: pd.DataFrame, used: Sequence[str]
) -> tuple[pd.DataFrame, str]:
    """`listed` with the groups that another table gives, as the metadata of ISIC 2019, and the name of that table."""
    images = Images(listed.image)
    for name, rows in table_names(files).items():
        other = describe(name, rows, images)
        if name in used or file_name(name) in BOX_TABLES or not other.columns["group"] or not other.columns["image"]:
            continue
        pairs = rows[[other.columns["image"], other.columns["group"]]].itertuples(index=False)
        of_image = {images.named(image, name): group for image, group in pairs}
        if set(listed.image) & set(of_image):
            faults.note(f"the groups (lesions or patients) are those of {name}")
            groups = listed.image.map(of_image).fillna("")
            return listed.assign(group=groups.where(groups != "", listed.image)), name
    return listed, ""
