"""Your own images: a folder (or zip) with labels.csv and, for boxes, boxes.csv, a COCO file, YOLO files or masks.

labels.csv: image (file name, with or without its folder), label, and optionally group (lesion or patient) and split
("train" or "test"; it is kept unless another is asked for). boxes.csv: image and x0, y0, x1, y1, or x, y, w, h, in
pixels of the image, origin at the top left. COCO: one .json file with "images" and "annotations". YOLO: for each image
NAME.txt with lines `class cx cy w h` in shares of the image; its class is not used. Masks: NAME_segmentation.png or
NAME_mask.png, white on black.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import pandas as pd

from carekit.data.checks import CORNERS
from carekit.data.decoding import ENDINGS, read_image
from carekit.data.files import Source
from carekit.data.listing import (
    Faults,
    Layout,
    Listing,
    by_stem,
    checked,
    corners,
    has_table,
    numbers,
    one_table,
    read_table,
    some,
)

LABELS, BOXES = ("labels.csv",), ("boxes.csv",)
MASKS = ("_segmentation.png", "_mask.png")


def read(
    files: Source,
    faults: Faults,
    rare: Sequence[str] = (),
    title: str = "",
    licence: str = "not stated",
    citation: str = "not stated",
) -> Listing:
    """Labels, boxes and images. rare: the classes to attend to, by default the one with fewest images.

    Raises ValueError for a class in `rare` that no image has, and for whatever does not fit together.
    """
    name = one_table(files, LABELS)
    table = read_table(files, name, ["image", "label"], ("group", "split"))
    if table.empty:
        raise ValueError(f"{name} has no rows: give each image one")
    named = table.image.str.replace("\\", "/")  # as Windows writes paths
    table = table.rename(columns={"label": "diagnosis"}).assign(image=_resolve(files, faults, named, name))
    table = table[table.image != ""]
    stems = table.image.map(_stem)
    shared = stems.duplicated(keep=False) & ~table.image.duplicated(keep=False)
    table = table.assign(image_id=stems.where(~shared, table.image))  # files of one name in several folders
    table = table.assign(group=table.group if "group" in table else table.image_id)
    table = faults.drop(table, table.diagnosis == "", f"{name}: image {{0.image!r}} has no label: give it one")
    classes = {each: each for each in table.diagnosis.value_counts().index}
    unknown = [each for each in rare if each not in classes]
    if unknown:
        raise ValueError(f"rare = {unknown[0]!r} is no label in {name}: choose from {', '.join(classes)}")
    table = checked(faults, table, name, classes)
    if "split" in table:
        bad = ~table.split.isin(["train", "test"])
        sentence = f"{name}: split {{0.split!r}} of image {{0.image!r}} is unknown: it must be 'train' or 'test'"
        table = faults.drop(table, bad, sentence)
    masks = by_stem(faults, files, MASKS)
    stray = sorted(set(masks) - set(table.image_id))
    if stray:
        faults.refuse(f"the masks of {some(stray)} in {files.path} belong to no image of {name}: mend their names")
    table = table.assign(mask=[masks.get(name, "") for name in table.image_id])
    boxes = _boxes(files, faults, table)
    title = title or files.path.stem
    facts = {"name": files.path.stem, "title": title, "licence": licence, "citation": citation, "source": title}
    return Listing(table, classes, facts, boxes, list(rare))


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _ids(table: pd.DataFrame, named: pd.Series) -> list[str]:
    """The image_ids of images that are named by path, by file, or without an ending, as the labels may name them."""
    id_of = dict(zip(table.image, table.image_id, strict=True))
    by_name = _by_name(table.image) | {image: image for image in id_of}
    names = [name.replace("\\", "/") for name in named]
    meant = [next(filter(None, map(by_name.get, (n, PurePosixPath(n).name, _stem(n)))), "") for n in names]
    return [id_of.get(image, _stem(name)) for image, name in zip(meant, names, strict=True)]


def _by_name(files: Iterable[str]) -> dict[str, str]:
    """Files by their last part, with and without its ending; of two with one name none is meant, and "" stands there."""
    found: dict[str, str] = {}
    for file in files:
        for key in {PurePosixPath(file).name, _stem(file)}:
            found[key] = "" if key in found else file
    return found


def _json(files: Source) -> list[str]:
    return [name for name in files.names if name.lower().endswith(".json")]


def _resolve(files: Source, faults: Faults, named: pd.Series, table: str) -> list[str]:
    """The files that a table names, by path or by last part; "" where there is none, once that is survived."""
    known = [name for name in files.names if name.lower().endswith(ENDINGS) and not name.lower().endswith(MASKS)]
    whole, by_name = set(known), _by_name(known)
    found = [name if name in whole else by_name.get(PurePosixPath(name).name, "") for name in named]
    lost = [name for name, file in zip(named, found, strict=True) if not file]
    if lost:
        kinds = ", ".join(ENDINGS)
        faults.refuse(f"{table}: {some(lost)} have no file of that name ({kinds}), or several, in {files.path}")
    extra = sorted(whole - set(found))
    if extra:
        faults.refuse(f"{some(extra)} in {files.path} have no row in {table}: add the rows, or remove the files")
    return found


def _boxes(files: Source, faults: Faults, table: pd.DataFrame) -> pd.DataFrame | None:
    """Boxes from the one place where there are some, or None."""
    places = {
        "boxes.csv": has_table(files, BOXES),
        "a COCO file": bool(_json(files)),
        "YOLO files": any(name.lower().endswith(".txt") and _stem(name) in set(table.image_id) for name in files.names),
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
    name = one_table(files, BOXES)
    sides = ["x", "y", "w", "h"]
    given = read_table(files, name, ["image"], (*CORNERS, *sides))
    if not set(CORNERS) <= set(given) and not set(sides) <= set(given):
        raise ValueError(f"{name} has no columns for the corners: it needs x0, y0, x1, y1, or x, y, w, h")
    return corners(faults, given.assign(image_id=_ids(table, given.image)), name), name


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
        given = pd.DataFrame(rows, columns=["image_id", "x", "y", "w", "h"])
        given = given.assign(image_id=_ids(table, given.image_id))
    except (KeyError, TypeError, ValueError, RecursionError, OverflowError) as error:
        raise ValueError(
            f"{name} is no COCO file ({error!r}): it needs images with id and file_name, and annotations "
            "with image_id and bbox"
        ) from None
    return corners(faults, given, name), name


def _yolo_boxes(files: Source, faults: Faults, table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    image_of, rows = dict(zip(table.image_id, table.image, strict=True)), []
    for name in files.names:
        if name.lower().endswith(".txt") and _stem(name) in image_of:
            lines = [line.split() for line in files.read(name).decode("utf-8", "replace").splitlines() if line.strip()]
            if any(len(line) != 5 for line in lines):
                raise ValueError(f"{name} is no YOLO file: each line needs five numbers, class cx cy w h")
            width, height = read_image(files, image_of[_stem(name)]).size if lines else (1, 1)
            rows += [(_stem(name), *line[1:], width, height) for line in lines]
    given = pd.DataFrame(rows, columns=["image_id", "cx", "cy", "w", "h", "width", "height"])
    given = numbers(faults, given, ["cx", "cy", "w", "h"], "the YOLO files")
    bad = ~given[["cx", "cy", "w", "h"]].map(lambda value: 0 <= value <= 1).all(axis=1)
    given = faults.drop(given, bad, "the YOLO files: box of image {0.image_id!r} is not in shares from 0 to 1")
    w, h = given.w * given.width, given.h * given.height
    x, y = given.cx * given.width - w / 2, given.cy * given.height - h / 2
    return corners(faults, given[["image_id"]].assign(x=x, y=y, w=w, h=h), "the YOLO files"), "the YOLO files"


OWN = Layout(
    "own",
    ("group", "image", "fixed"),
    read,
    lambda files: has_table(files, LABELS),
    "it must hold labels.csv with the columns image and label, and the images",
    fixes=lambda files: "split" in read_table(files, one_table(files, LABELS), [], ("split",)),
)
