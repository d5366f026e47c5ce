"""A prepared data set of rows that another library has read: the door for every format that is not read here."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from carekit.data.prepared import Prepared
from carekit.data.prepared.schema import CORNERS
from carekit.material.intake.layouts.layout import Faults, Layout, Listing
from carekit.material.intake.layouts.matching import PARTS
from carekit.material.intake.layouts.tables import check_rows, drop_empty_boxes
from carekit.material.intake.preparing.prepare import prepare
from carekit.material.intake.sources import Source


class Row(NamedTuple):
    """An image as another library has read it.

    Args:
        path: of its file.
        label: its class.
        boxes: (x0, y0, x1, y1) each, in pixels of the picture turned upright.
        group: the lesion or patient; "" if it is not known.
        part: "train", "val" or "test"; "" if a split is to be drawn. Images for validation join the training part.
    """

    path: str | Path
    label: str
    boxes: Sequence[Sequence[float]] = ()
    group: str = ""
    part: str = ""


def prepare_rows(
    rows: Iterable[Sequence[Any]], out: str | Path, *, title: str = "", licence: str = "not stated", **options: Any
) -> Prepared:
    """Make a prepared data set of images that supervision, datumaro, FiftyOne, datasets or your own code has read.

    Args:
        rows: a `Row`, or its values in the same order, for each image.
        out: a new folder.
        title: how figures call the data set, by default the folder's name.
        licence: what may be done with the images.
        options: those of `prepare`, such as size, split and seed.

    Raises:
        ValueError: for rows without images, an unknown part, and all that `prepare` refuses.

    Example:
        prepare_rows([("a.png", "nv", [(10, 20, 40, 44)]), ("b.png", "mel")], "data/mine")
    """
    listed = [Row(*row) for row in rows]
    if not listed:
        raise ValueError("there are no rows: give path, class and boxes of each image")
    paths = [Path(row.path).expanduser().resolve() for row in listed]
    folder = Path(os.path.commonpath([path.parent for path in paths]))
    unknown = [row for row in listed if row.part.lower() not in ("", *PARTS)]
    if unknown:
        raise ValueError(f"part {unknown[0].part!r} of {unknown[0].path} is unknown: give train, val, test or nothing")

    def read(_files: Source, faults: Faults, digest: str) -> Listing:
        names = [path.relative_to(folder).as_posix() for path in paths]
        table = pd.DataFrame({"image_id": names, "diagnosis": [str(row.label) for row in listed], "image": names})
        groups = [str(row.group) for row in listed]
        table = table.assign(group=[group or name for group, name in zip(groups, names, strict=True)], mask="")
        parts = [PARTS.get(row.part.lower(), "") for row in listed]
        if all(parts):
            table = table.assign(split=parts)
        classes = {name: name for name in table.diagnosis.value_counts().index}
        table = check_rows(faults, table, "the rows", classes)
        corners = []
        for name, row in zip(names, listed, strict=True):
            corners += [(name, *map(float, box)) for box in row.boxes]
        boxes = drop_empty_boxes(faults, pd.DataFrame(corners, columns=["image_id", *CORNERS]), "the rows")
        facts = {"name": folder.name, "title": title or folder.name, "licence": licence, "citation": "not stated"}
        return Listing(table, classes, facts | {"source": f"rows of {folder}"}, boxes, alone=not any(groups))

    splits = ("group", "image", "fixed")
    layout = Layout(name="rows", splits=splits, read=read, fits=lambda _: True, expects="rows", fixes=True)
    # The same rows resume what was stopped, and other rows do not.
    digest = hashlib.sha256(repr(listed).encode()).hexdigest()
    return prepare(layout, folder, out, digest=digest, **options)
