"""The files of a prepared data set: images.npy, masks.npy, samples.csv, boxes.csv and facts.json with checksums."""

import json
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd

from carekit.data.checksums import sha256
from carekit.data.prepared.rows import Rows

IMAGES, MASKS = "images.npy", "masks.npy"
SAMPLES, BOXES, FACTS = "samples.csv", "boxes.csv", "facts.json"
NEW_BOXES = f".{BOXES}.new"  # boxes being saved
AT_ONCE = 256  # images held in memory at a time


def read_table(path: Path) -> pd.DataFrame:
    """A table of text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table, with the same bytes on every system."""
    table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def write_facts(path: Path, facts: dict) -> None:
    """Write the facts as JSON."""
    path.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def finish_boxes(folder: Path) -> None:
    """Put boxes in their place that were being saved when a process was stopped; without any, do nothing.

    Boxes and facts are two files, and the facts hold the checksum of the boxes: they are written first, and new boxes
    that fit them are what was saved last.
    """
    with suppress(FileNotFoundError):  # another process may finish at the same moment
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        if (folder / NEW_BOXES).exists() and facts.get("checksums", {}).get(BOXES) == sha256(folder / NEW_BOXES):
            os.replace(folder / NEW_BOXES, folder / BOXES)


def write_array(path: Path, array: np.ndarray | Rows) -> None:
    """Write bytes (n, ...) as an .npy file, with few of them in memory."""
    file = np.lib.format.open_memmap(path, "w+", np.uint8, array.shape)
    for start in range(0, len(array), AT_ONCE):
        file[start : start + AT_ONCE] = array[start : start + AT_ONCE]


def write_tables(folder: Path, samples: pd.DataFrame, boxes: pd.DataFrame, facts: dict) -> None:
    """Write samples.csv, boxes.csv and, with the checksums of the files in the folder, facts.json."""
    write_table(folder / SAMPLES, samples)
    write_table(folder / BOXES, boxes)
    names = [name for name in (IMAGES, MASKS, SAMPLES, BOXES) if (folder / name).exists()]
    write_facts(folder / FACTS, facts | {"checksums": {name: sha256(folder / name) for name in names}})
