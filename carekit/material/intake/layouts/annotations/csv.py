"""boxes.csv: image and x0, y0, x1, y1, or x, y, w, h, in pixels of the image, under these names or those of others."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from carekit.data.prepared.schema import CORNERS
from carekit.material.intake.layouts.annotations.place import AS_IS, SHARES, Format, Mark, Place
from carekit.material.intake.layouts.tables import SIDES, has_table, one_table, parse_boxes, read_table, whole_table

TABLES = ("boxes.csv",)
UNITS = {"pixels": (AS_IS, 1), "percent": (SHARES, 100), "shares": (SHARES, 1)}  # a frame, and what makes one of it
LOOKED_AT = 8  # images whose sizes are compared with the boxes
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


def _find(place: Place) -> list[str]:
    return [one_table(place.files, TABLES)] if has_table(place.files, TABLES) else []


def _read(place: Place, names: list[str]) -> Iterator[Mark]:
    [name] = names
    given = _columns(place, name)
    kind = CORNERS if set(CORNERS) <= set(given) else SIDES
    absent = (given[kind].map(str.lower).isin(["", "nan", "na", "none", "null"])).all(axis=1)
    given = given[~absent]  # as RSNA, NIH and VinDr say that an image has no box
    owners = list(place.named(((each, each) for each in given.image), name))
    given = given.assign(image_id=given.image)[np.array(owners, dtype=str) != ""]
    given.index = pd.Index([owner for owner in owners if owner])
    boxes = parse_boxes(place.faults, given, name)
    frame, whole = UNITS[place.boxes_in or _unit(place, name, boxes)]
    for row in boxes.itertuples():
        corners = (row.x0 / whole, row.y0 / whole, row.x1 / whole, row.y1 / whole)
        yield Mark(row.Index, corners, frame, getattr(row, "category", ""))


def _columns(place: Place, name: str) -> pd.DataFrame:
    """The table with its own names for image, corners or sides, and category."""
    for kind in (CORNERS, SIDES):
        given = read_table(place.files, name, ["image"], (*kind, "category"), SYNONYMS)
        if set(kind) <= set(given):
            return given
    known = ", ".join(map(repr, whole_table(place.files, name).columns))
    raise ValueError(f"{name} has no columns for the corners: it needs x0, y0, x1, y1, or x, y, w, h, and has {known}")


def _unit(place: Place, name: str, boxes: pd.DataFrame) -> str:
    """What the numbers count: pixels, unless all are shares. Raises ValueError where it is not clear."""
    values = boxes[CORNERS].to_numpy(float)
    if not len(values):
        return "pixels"
    if values.max() <= 1:
        place.faults.note(f"{name}: all numbers are between 0 and 1, so they are read as shares of the images")
        return "shares"
    if values.max() > 100 or len(values) < 2:
        return "pixels"
    some = list(dict.fromkeys(boxes.index))[:LOOKED_AT]
    try:
        shortest = int(np.min([place.files.size(image) for image in some]))
    except (ValueError, OSError):
        return "pixels"  # a damaged image is told when all are read
    if shortest >= 200:
        words = f"no number is above 100 and the images have {shortest} pixels or more, so they seem to be per cents"
        place.faults.refuse(f"{name}: {words}: say --boxes-in percent, or --boxes-in pixels if they are pixels")
    return "pixels"


CSV = Format("boxes.csv", _find, _read)
