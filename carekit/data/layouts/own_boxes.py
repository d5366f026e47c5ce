"""Boxes of your own images: boxes.csv, a COCO file, or YOLO files; masks give theirs when they are read."""

import json
from pathlib import PurePosixPath

import pandas as pd

from carekit.data.layouts.layout import Faults
from carekit.data.layouts.tables import SIDES, has_table, one_table, parse_boxes, parse_numbers, read_table, stem
from carekit.data.prepared.schema import CORNERS
from carekit.data.sources import Source

TABLES = ("boxes.csv",)
SHARES = ["cx", "cy", "w", "h"]  # of a YOLO line: middle and sides, in shares of the image


def read_boxes(files: Source, faults: Faults, table: pd.DataFrame) -> pd.DataFrame | None:
    """Boxes from the one place where there are some, or None."""
    places = {
        "boxes.csv": has_table(files, TABLES),
        "a COCO file": bool(_json(files)),
        "YOLO files": any(name.lower().endswith(".txt") and stem(name) in set(table.image_id) for name in files.names),
        "masks": (table["mask"] != "").any(),
    }
    present = [place for place, there in places.items() if there]
    if len(present) > 1:
        raise ValueError(
            f"{files.path} has {' and '.join(present)}: keep one of them, so that it is clear which counts"
        )
    readers = {"boxes.csv": _table_boxes, "a COCO file": _coco_boxes, "YOLO files": _yolo_boxes}
    if not present or present[0] not in readers:
        return None
    boxes, name = readers[present[0]](files, faults, table)
    strange = ~boxes.image_id.isin(table.image_id)
    sentence = f"{name}: there is a box for {{0.image_id!r}}, which has no label: add the label or remove the box"
    return faults.drop(boxes, strange, sentence)


def _table_boxes(files: Source, faults: Faults, table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    name = one_table(files, TABLES)
    given = read_table(files, name, ["image"], (*CORNERS, *SIDES))
    if not set(CORNERS) <= set(given) and not set(SIDES) <= set(given):
        raise ValueError(f"{name} has no columns for the corners: it needs x0, y0, x1, y1, or x, y, w, h")
    return parse_boxes(faults, given.assign(image_id=_ids(table, given.image)), name), name


def _coco_boxes(files: Source, faults: Faults, table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    name, *others = _json(files)
    if others:
        raise ValueError(f"{files.path} has {name} and {others[0]}: put all boxes into one COCO file")
    try:
        coco = json.loads(files.read(name).decode("utf-8"))
        ids = {image["id"]: str(image["file_name"]) for image in coco["images"]}
        rows = []
        for each in coco["annotations"]:
            x, y, w, h = map(float, each["bbox"])
            rows.append((ids.get(each["image_id"], str(each["image_id"])), x, y, w, h))
        given = pd.DataFrame(rows, columns=["image_id", *SIDES])
        given = given.assign(image_id=_ids(table, given.image_id))
    except (KeyError, TypeError, ValueError, RecursionError, OverflowError) as error:
        raise ValueError(
            f"{name} is no COCO file ({error!r}): it needs images with id and file_name, and annotations "
            "with image_id and bbox"
        ) from None
    return parse_boxes(faults, given, name), name


def _yolo_boxes(files: Source, faults: Faults, table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    image_of, rows = dict(zip(table.image_id, table.image, strict=True)), []
    for name in files.names:
        if name.lower().endswith(".txt") and stem(name) in image_of:
            lines = [line.split() for line in files.read(name).decode("utf-8", "replace").splitlines() if line.strip()]
            if any(len(line) != 5 for line in lines):
                raise ValueError(f"{name} is no YOLO file: each line needs five numbers, class cx cy w h")
            width, height = files.image(image_of[stem(name)]).size if lines else (1, 1)
            rows += [(stem(name), *line[1:], width, height) for line in lines]
    given = pd.DataFrame(rows, columns=["image_id", *SHARES, "width", "height"])
    given = parse_numbers(faults, given, SHARES, "the YOLO files")
    bad = ~given[SHARES].map(lambda value: 0 <= value <= 1).all(axis=1)
    given = faults.drop(given, bad, "the YOLO files: box of image {0.image_id!r} is not in shares from 0 to 1")
    w, h = given.w * given.width, given.h * given.height
    x, y = given.cx * given.width - w / 2, given.cy * given.height - h / 2
    return parse_boxes(faults, given[["image_id"]].assign(x=x, y=y, w=w, h=h), "the YOLO files"), "the YOLO files"


def _json(files: Source) -> list[str]:
    return [name for name in files.names if name.lower().endswith(".json")]


def _ids(table: pd.DataFrame, named: pd.Series) -> list[str]:
    """The image_ids of images that are named by path, by file, or without an ending, as the labels may name them."""
    known: dict[str, str] = {}
    for image, image_id in zip(table.image, table.image_id, strict=True):
        for key in {stem(image), PurePosixPath(image).name}:
            known[key] = "" if key in known else image_id  # of two with one name none is meant
    known |= dict(zip(table.image, table.image_id, strict=True))
    return [_id(known, name.replace("\\", "/")) for name in named]


def _id(known: dict[str, str], name: str) -> str:
    keys = name, PurePosixPath(name).name, stem(name)
    return next((known[key] for key in keys if known.get(key)), stem(name))
