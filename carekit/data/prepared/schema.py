"""What a prepared data set must satisfy, each fault reported in one sentence."""

import numpy as np
import pandas as pd

from carekit.data.prepared.rows import Rows
from carekit.ground.messages import about_row, is_plain

CORNERS = ["x0", "y0", "x1", "y1"]
NEEDED = ["name", "title", "classes", "class_names", "rare", "size", "licence", "citation", "source", "split"]
LISTS = ("classes", "class_names", "rare")
SPLITS = ("train", "test")
FILES = ("images.npy", "masks.npy", "samples.csv", "boxes.csv", "facts.json")  # that have checksums
LARGEST = 2**14  # pixels of a side


def _columns(table: pd.DataFrame, needed: list[str], name: str) -> None:
    missing = [column for column in needed if column not in table]
    if missing:
        raise ValueError(f"{name} has no column {missing[0]!r}: it needs {', '.join(needed)}")


def check_facts(facts: dict) -> None:
    """Raise ValueError where the facts are not complete, or of other types than they must be."""
    missing = [key for key in NEEDED if not isinstance(facts, dict) or key not in facts]
    if missing:
        raise ValueError(f"the facts lack {missing[0]!r}: they need {', '.join(NEEDED)}")
    for key in NEEDED:
        if key not in (*LISTS, "size") and not isinstance(facts[key], str):
            raise ValueError(f"{key} = {facts[key]!r} in the facts must be a text")
    checksums = facts.get("checksums", {})
    if not isinstance(checksums, dict) or not all(isinstance(each, str) for each in checksums.values()):
        raise ValueError("checksums in the facts must be a text for each file")
    if not set(checksums) <= set(FILES):
        raise ValueError(f"checksums in the facts name {min(set(checksums) - set(FILES))!r}, which is no file of a set")
    if type(facts["size"]) is not int or not 1 <= facts["size"] <= LARGEST:
        raise ValueError(f"size = {facts['size']!r} in the facts must be a whole number of pixels, 1 to {LARGEST}")
    for key in LISTS:
        if not isinstance(facts[key], list) or not all(isinstance(each, str) for each in facts[key]):
            raise ValueError(f"{key} = {facts[key]!r} in the facts must be a list of names")
    check_names(facts["title"], *facts["classes"], *facts["class_names"])
    classes = facts["classes"]
    if len(classes) < 2 or len(set(classes)) < len(classes) or len(classes) != len(facts["class_names"]):
        raise ValueError(f"classes {classes} must be two or more different names, with as many class_names")
    rare = facts["rare"]
    if not rare or not set(rare) <= set(classes) or len(set(rare)) < len(rare):
        raise ValueError(f"rare = {rare} must name one or more of the classes {', '.join(classes)}, each once")


def check_names(*names: str) -> None:
    """Raise ValueError for a name that is empty, or that a terminal or a page could take for a command."""
    for name in names:
        if not name.strip() or not is_plain(name):
            raise ValueError(f"the name {name!r} is empty or has control characters: rename it")


def check_images(images: np.ndarray | Rows, masks: np.ndarray | Rows | None, samples: pd.DataFrame, size: int) -> None:
    """Raise ValueError where images or masks have another type or shape than the samples and the size say."""
    n = len(samples)
    for name, array, shape in (("images", images, (n, size, size, 3)), ("masks", masks, (n, size, size))):
        if array is not None and (array.dtype != np.uint8 or array.shape != shape):
            raise ValueError(
                f"{name} are {array.dtype} {array.shape} where uint8 {shape} is needed, one for each row of the samples"
            )


def check_samples(samples: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """The samples with labels as integers and names as text. Raises ValueError, naming the image."""
    _columns(samples, ["image_id", "label", "group", "split"], "the table of samples")
    samples = samples.reset_index(drop=True).astype({"image_id": str, "group": str, "split": str})
    labels = pd.to_numeric(samples.label, errors="coerce")
    _refuse(
        samples[samples.image_id.duplicated()],
        "image_id {0.image_id!r} appears twice in the samples: each image needs a name of its own",
    )
    _refuse(
        samples[~labels.isin(range(len(classes)))],
        f"label {{0.label!r}} of image {{0.image_id}} is not one of 0..{len(classes) - 1}: correct it",
    )
    _refuse(
        samples[~samples.split.isin(SPLITS)],
        "split {0.split!r} of image {0.image_id} is unknown: it must be 'train' or 'test'",
    )
    return samples.assign(label=labels.astype(np.int64))


def _refuse(bad: pd.DataFrame, sentence: str) -> None:
    """Raise ValueError for the first of the bad rows, if there are any: "{0.image_id}" is its image_id."""
    if len(bad):
        raise ValueError(about_row(sentence, bad.iloc[0]))


def check_boxes(boxes: pd.DataFrame, image_ids: pd.Series) -> tuple[pd.DataFrame, np.ndarray]:
    """The boxes as floats, and for each the row of its image. Raises ValueError, naming the image."""
    _columns(boxes, ["image_id", *CORNERS], "the table of boxes")
    boxes = boxes.reset_index(drop=True).astype({"image_id": str})
    owners = pd.Index(image_ids).get_indexer(boxes.image_id)
    if (owners < 0).any():
        stranger = boxes.image_id[owners < 0].iloc[0]
        raise ValueError(
            f"there is a box for image {stranger!r}, which is not in the samples: add it or remove the box"
        )
    numbers = boxes[CORNERS].apply(pd.to_numeric, errors="coerce").astype(np.float64)
    bad = ~np.isfinite(numbers).all(axis=1) | (numbers.x1 <= numbers.x0) | (numbers.y1 <= numbers.y0)
    if bad.any():
        row = boxes[bad].iloc[0]
        corners = ", ".join(str(row[corner]) for corner in CORNERS)
        raise ValueError(f"box ({corners}) of image {row.image_id} is not four numbers with x0 < x1 and y0 < y1")
    exact = boxes[CORNERS].astype(np.float64)  # before pandas 3, to_numeric may be off by the last bit
    return boxes.assign(**exact), owners
