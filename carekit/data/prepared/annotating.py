"""Boxes drawn by hand: put into a data set, in memory or on disk."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock
from numpy.typing import ArrayLike

from carekit.data.prepared.dataset import Prepared
from carekit.data.prepared.files import BOXES, FACTS, NEW_BOXES, finish_boxes, write_facts, write_table
from carekit.data.prepared.schema import CORNERS
from carekit.ground.checksums import sha256
from carekit.method import boxes as geometry

LOCK = ".lock"


def replace_boxes(data: Prepared, image_id: str, boxes: ArrayLike) -> Prepared:
    """A data set in which this image has these boxes; no file is touched.

    Args:
        image_id: the name of the image, as in the samples.
        boxes: (k, 4) with k >= 0, in pixels.

    Raises:
        ValueError: for an image that is not there, and for a bad box as `carekit.method.boxes.check` does.
    """
    if image_id not in set(data.samples.image_id):
        raise ValueError(f"there is no image {image_id!r} in {data.facts['title']}: choose one of its samples")
    checked = geometry.check(boxes, (data.size, data.size), f"image {image_id}")
    table = data.boxes[data.boxes.image_id != image_id]
    if len(checked):
        added = pd.DataFrame(checked, columns=CORNERS).assign(image_id=image_id)
        # A column that only some sources have is left empty for a box drawn by hand.
        added = added.reindex(columns=data.boxes.columns, fill_value="")
        if len(table):
            added = pd.concat([table, added])
        table = added
    order = np.argsort(pd.Index(data.samples.image_id).get_indexer(table.image_id), kind="stable")
    return replace(data, boxes=table.iloc[order])


def save_boxes(data: Prepared, image_id: str, boxes: ArrayLike) -> Prepared:
    """As `replace_boxes`, and for a data set in a folder its boxes.csv and facts.json are written, too.

    Only this image's rows change in the folder, also where `data` is a part of it.

    Raises:
        OSError: naming the folder, where it cannot be written to; then nothing has changed.
        ValueError: where its boxes are damaged.
    """
    changed = replace_boxes(data, image_id, boxes)
    if data.folder is None:
        return changed
    try:
        with FileLock(data.folder / LOCK):  # two people may draw into one folder
            facts = _save(data.folder, image_id, boxes)
    except OSError as error:
        raise OSError(f"the boxes in {data.folder} cannot be written ({error.strerror}): make it writable") from None
    checksums = {name: facts[name] for name in ("checksums",) if name in facts}
    return replace(changed, facts=changed.facts | checksums)


def _save(folder: Path, image_id: str, boxes: ArrayLike) -> dict:
    """Put the boxes of one image into the folder as it is now, which others may have changed; returns its facts."""
    data = Prepared.open(folder)
    known = data.facts.get("checksums", {}).get(BOXES)
    if known not in (None, sha256(folder / BOXES)):  # what is damaged must not be given a new checksum
        raise ValueError(f"{folder / BOXES} was changed since it was saved: prepare the data set again")
    whole = replace_boxes(data, image_id, boxes)
    new_facts = folder / f".{FACTS}.new"
    try:
        write_table(folder / NEW_BOXES, whole.boxes)
        facts = _with_checksum(whole.facts, folder / NEW_BOXES)
        write_facts(new_facts, facts)
        os.replace(new_facts, folder / FACTS)  # from here on the new boxes count: who opens the folder puts them there
        finish_boxes(folder)
        if "checksums" not in facts:
            os.replace(folder / NEW_BOXES, folder / BOXES)
    except BaseException:
        new_facts.unlink(missing_ok=True)
        (folder / NEW_BOXES).unlink(missing_ok=True)
        raise
    return facts


def _with_checksum(facts: dict, boxes: Path) -> dict:
    """The facts with the checksum of a new file of boxes, if they have checksums."""
    if "checksums" not in facts:
        return facts
    return facts | {"checksums": facts["checksums"] | {BOXES: sha256(boxes)}}
