"""boxes.csv, or the only other table with columns for corners: in pixels of the image, per cents or shares.

Columns: image and x0, y0, x1, y1, or x, y, w, h, under these names or those of others.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from carekit.data.prepared.schema import CORNERS
from carekit.material.intake.layouts.annotations import shapes
from carekit.material.intake.layouts.annotations.place import AnnotatedBox, Format, Place
from carekit.material.intake.layouts.tables import (
    SIDES,
    column_of,
    has_table,
    image_column,
    one_table,
    parse_corners,
    table_names,
    whole_table,
)

TABLES = ("boxes.csv",)
UNITS = {
    "pixels": (shapes.AS_IS, 1),
    "percent": (shapes.SHARES, 100),
    "shares": (shapes.SHARES, 1),
}  # a frame, and what makes one of it
LOOKED_AT = 8  # images whose sizes are compared with the boxes
ABSENT = ["", "nan", "na", "none", "null"]  # as RSNA, NIH and VinDr write that an image has no box
SYNONYMS = {
    "image": ("file_name", "filename", "image_id", "image index", "patientid", "image_name", "name", "path"),
    "x0": ("x_min", "xmin", "left", "x1"),
    "y0": ("y_min", "ymin", "top", "y1"),
    "x1": ("x_max", "xmax", "right", "x2"),
    "y1": ("y_max", "ymax", "bottom", "y2"),
    "w": ("width",),
    "h": ("height",),
    "category": ("class_name", "finding label", "label", "class"),
}


def box_columns(table: pd.DataFrame, kinds: Sequence[list[str]] = (CORNERS, SIDES)) -> dict[str, str]:
    """x0, y0, x1, y1 or x, y, w, h -> the column that holds it; {} if the table has none of these four."""
    for kind in kinds:
        columns: dict[str, str] = {}
        for what in kind:  # x1 may be called x2, where x0 is called x1
            columns[what] = column_of(set(table) - set(columns.values()), what, SYNONYMS.get(what, ()))
        if all(columns.values()):
            return columns
    return {}


def find(place: Place) -> list[str]:
    if has_table(place.files, TABLES):
        return [one_table(place.files, TABLES)]
    names = []
    for name, table in table_names(place.files).items():
        # In a table of labels x, y, w, h may be anything; corners are boxes.
        kinds = (CORNERS,) if name in place.labels else (CORNERS, SIDES)
        if box_columns(table, kinds) and image_column(table, place.images, SYNONYMS["image"]):
            names.append(name)
    # Of a table of labels and one of boxes, the latter counts.
    names = [name for name in names if name not in place.labels] or names
    if len(names) > 1:
        place.faults.refuse(f"{' and '.join(names)} have columns of corners: call the one that counts {TABLES[0]}")
    return names[:1]


def read(place: Place, names: list[str]) -> Iterator[AnnotatedBox]:
    [name] = names
    table = whole_table(place.files, name)
    columns = box_columns(table)
    image = image_column(table, place.images, SYNONYMS["image"])
    if not columns or not image:
        lack = "columns for the corners: it needs x0, y0, x1, y1, or x, y, w, h," if image else "column 'image'"
        raise ValueError(f"{name} has no {lack} and has {', '.join(map(repr, table.columns))}")
    # The table under its own names for image, corners or sides, and category.
    category = column_of(table, "category", SYNONYMS["category"])
    given = table[list(columns.values())].set_axis(list(columns), axis=1)
    given = given.assign(image_id=table[image], category=table.get(category, ""))
    absent = given[list(columns)].apply(lambda cells: cells.str.lower().isin(ABSENT)).all(axis=1)
    boxes = parse_corners(place.faults, given[~absent], name)
    frame, whole = UNITS[place.boxes_in or _unit(place, name, boxes)]
    boxes[CORNERS] = boxes[CORNERS].to_numpy(float) / whole
    for row in boxes.itertuples():
        yield AnnotatedBox(name, row.image_id, (row.x0, row.y0, row.x1, row.y1), frame, row.category)


def _unit(place: Place, name: str, boxes: pd.DataFrame) -> str:
    """What the numbers count: pixels, unless all are shares. Raises ValueError if it is not clear."""
    values = boxes[CORNERS].to_numpy(float)
    if not len(values):
        return "pixels"
    if values.max() <= 1:
        words = "all numbers are between 0 and 1, so they are read as shares of the images"
        if "x" in boxes:
            words += ", x and y as the upper left corner"
        place.faults.note(f"{name}: {words}")
        return "shares"
    if values.max() > 100 or len(values) < 2:
        return "pixels"
    some = [place.images.named(image, name) for image in list(dict.fromkeys(boxes.image_id))[:LOOKED_AT]]
    try:
        shortest = int(np.min([place.files.size(image) for image in some if image]))
    except (ValueError, OSError):
        return "pixels"  # a damaged image is reported when all are read
    if shortest >= 200:
        words = f"no number is above 100 and the images have {shortest} pixels or more, so they seem to be per cents"
        place.faults.refuse(f"{name}: {words}: say --boxes-in percent, or --boxes-in pixels if they are pixels")
    return "pixels"


CSV = Format("boxes.csv", find, read)
