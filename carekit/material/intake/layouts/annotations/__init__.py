"""Formats of boxes, one file each; each recognises its files by their content."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

import pandas as pd

from carekit.data.prepared.schema import CORNERS
from carekit.ground.messages import one_of
from carekit.material.intake.layouts.annotations.coco import COCO
from carekit.material.intake.layouts.annotations.createml import CREATEML
from carekit.material.intake.layouts.annotations.csv import CSV
from carekit.material.intake.layouts.annotations.cvat import CVAT
from carekit.material.intake.layouts.annotations.hugging_face import HUGGING_FACE
from carekit.material.intake.layouts.annotations.label_studio import LABEL_STUDIO
from carekit.material.intake.layouts.annotations.labelme import LABELME
from carekit.material.intake.layouts.annotations.masks import find_masks
from carekit.material.intake.layouts.annotations.place import AnnotatedBox, Format, Place
from carekit.material.intake.layouts.annotations.via import VIA
from carekit.material.intake.layouts.annotations.voc import VOC
from carekit.material.intake.layouts.annotations.yolo import YOLO
from carekit.material.intake.layouts.tables import FRAME, drop_empty_boxes

FORMATS: tuple[Format, ...] = (CSV, COCO, YOLO, VOC, CVAT, LABELME, VIA, LABEL_STUDIO, CREATEML, HUGGING_FACE)


def read_boxes(
    place: Place, ids: dict[str, str], masks: Iterable[str], categories: Sequence[str] = ()
) -> tuple[pd.DataFrame | None, dict[str, str]]:
    """The boxes of a place, from the one format that is there, and the masks of its images.

    Args:
        place: the source and its images. The files that boxes come from are added to `place.used`.
        ids: image_id of each image's file.
        masks: the files that are masks.
        categories: of the boxes that count, by default all.

    Returns:
        A table as `Listing.boxes` or None if there are no boxes, and image -> mask.

    Raises:
        ValueError: for boxes in two formats, a category that is not there, and whatever does not fit together.
    """
    found = {kind: names for kind in FORMATS if (names := kind.find(place))}
    drawn = find_masks(place, masks)
    present = [kind.name for kind in found] + ["masks"] * bool(drawn)
    if len(present) > 1:
        raise ValueError(
            f"{place.files.path} has {' and '.join(present)}: keep one of them, so that it is clear which counts"
        )
    if place.broken:
        words = f"{place.broken[0]} is no COCO file, nor any JSON that can be read: correct or remove it"
        (place.faults.note if present else place.faults.refuse)(words)
    if not found:
        if categories:
            raise ValueError(f"--category {categories[0]}: there are no boxes with categories: leave it out")
        return None, drawn
    [(kind, names)] = found.items()
    place.used += names
    boxes = _chosen(place, _owned(place, kind, names), categories)
    rows = [(image, box.file, box.named or ids[image], *box.corners, *box.frame, box.category) for image, box in boxes]
    table = pd.DataFrame(rows, columns=["image", "file", "image_id", *CORNERS, *FRAME, "category"])
    table = drop_empty_boxes(place.faults, table, "{0.file}")
    return table.assign(image_id=table.image.map(ids)).drop(columns=["image", "file"]), drawn


def _owned(place: Place, kind: Format, names: list[str]) -> list[tuple[str, AnnotatedBox]]:
    """(image, box) for all boxes: one rule for all formats.

    Each box has an image that is there, and one file holds all boxes of an image; another file may repeat them.
    """
    boxes = list(kind.read(place, names))
    if kind.one_each:
        owners = place.belonging(names, kind.one_each)
        images = [owners.get(box.file, "") for box in boxes]
    else:
        images = []
        for file, of_file in groupby(boxes, key=attrgetter("file")):
            images += place.named((box.named for box in of_file), file)
    pairs = [(image, box) for image, box in zip(images, boxes, strict=True) if image]
    by_image: dict[str, dict[str, set]] = defaultdict(lambda: defaultdict(set))
    for image, box in pairs:
        by_image[image][box.file].add((box.corners, box.frame, box.category))
    for image, by_file in by_image.items():
        (first, stated), *others = by_file.items()
        differ = [file for file, again in others if again != stated]
        if differ:
            place.faults.refuse(f"{first} and {differ[0]} give different boxes to {image}: keep one of these files")
    return [(image, box) for image, box in pairs if box.file == next(iter(by_image[image]))]


def _chosen(
    place: Place, boxes: list[tuple[str, AnnotatedBox]], categories: Sequence[str]
) -> list[tuple[str, AnnotatedBox]]:
    """The boxes of the chosen categories; all if none is chosen, and several are then named in a note."""
    counts = Counter(box.category for _, box in boxes)
    for category in categories:
        one_of("category", category, [name for name in counts if name] or ["(no box has a category)"])
    if categories:
        return [(image, box) for image, box in boxes if box.category in categories]
    if len(counts) > 1 and not set(counts) <= {*place.classes, ""}:
        words = ", ".join(f"{name or '(none)'} {n}" for name, n in counts.most_common())
        place.faults.note(f"boxes of {len(counts)} categories: {words}; all are used: choose by --category")
    return boxes
