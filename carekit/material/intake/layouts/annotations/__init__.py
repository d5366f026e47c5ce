"""Formats of boxes, one file each; each says which files are its own by what they hold."""

from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from carekit.data.prepared.schema import CORNERS
from carekit.ground.messages import one_of
from carekit.material.intake.layouts.annotations.coco import COCO
from carekit.material.intake.layouts.annotations.csv import CSV
from carekit.material.intake.layouts.annotations.labelme import LABELME
from carekit.material.intake.layouts.annotations.masks import find_masks
from carekit.material.intake.layouts.annotations.place import Format, Mark, Place
from carekit.material.intake.layouts.annotations.via import VIA
from carekit.material.intake.layouts.annotations.voc import VOC
from carekit.material.intake.layouts.annotations.yolo import YOLO
from carekit.material.intake.layouts.tables import FRAME, parse_boxes

FORMATS: tuple[Format, ...] = (CSV, COCO, YOLO, VOC, LABELME, VIA)
COLUMNS = ["image_id", *CORNERS, *FRAME, "category"]


def read_boxes(
    place: Place, ids: dict[str, str], masks: Iterable[str], categories: Sequence[str] = ()
) -> tuple[pd.DataFrame | None, dict[str, str]]:
    """The boxes of a place, from the one format that is there, and the masks of its images.

    Args:
        place: the source and its images.
        ids: image_id of each image's file.
        masks: the files that are masks.
        categories: of the boxes that count, by default all.

    Returns:
        A table as `Listing.boxes` or None where there is none, and image -> mask.

    Raises:
        ValueError: for boxes in two formats, a category that is not there, and whatever does not fit together.
    """
    found = {each: names for each in FORMATS if (names := each.find(place))}
    drawn = find_masks(place, masks)
    present = [each.name for each in found] + ["masks"] * bool(drawn)
    if len(present) > 1:
        raise ValueError(
            f"{place.files.path} has {' and '.join(present)}: keep one of them, so that it is clear which counts"
        )
    if place.broken:
        _tell_broken(place, bool(present))
    if not found:
        return None, drawn
    [(kind, names)] = found.items()
    marks = [mark for mark in kind.read(place, names) if mark.image in ids]
    what = names[0] if len(names) == 1 else f"the {kind.name.removeprefix('a ')}"
    return _table(place, _chosen(place, marks, categories), ids, what), drawn


def _tell_broken(place: Place, others: bool) -> None:
    words = f"{place.broken[0]} is no COCO file, nor any JSON that can be read: correct or remove it"
    if others:
        place.faults.note(words)
    else:
        place.faults.refuse(words)


def _chosen(place: Place, marks: list[Mark], categories: Sequence[str]) -> list[Mark]:
    """The boxes of the categories that count; of several that nobody chose, it is said that all do."""
    counts = Counter(mark.category for mark in marks)
    for each in categories:
        one_of("category", each, [name for name in counts if name] or ["(no box has a category)"])
    if categories:
        return [mark for mark in marks if mark.category in categories]
    if len(counts) > 1 and not set(counts) <= {*place.classes, ""}:
        words = ", ".join(f"{name or '(none)'} {n}" for name, n in counts.most_common())
        place.faults.note(f"boxes of {len(counts)} categories: {words}; all are used: choose by --category")
    return marks


def _table(place: Place, marks: list[Mark], ids: dict[str, str], name: str) -> pd.DataFrame:
    rows = [(ids[mark.image], *mark.corners, *mark.frame, mark.category) for mark in marks]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return parse_boxes(place.faults, table, name)
