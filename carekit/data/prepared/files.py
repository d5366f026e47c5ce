"""The files of a prepared data set: images.npy, masks.npy, samples.csv, boxes.csv and facts.json with checksums."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd

from carekit.data.prepared.rows import Rows
from carekit.data.prepared.schema import FILES
from carekit.ground.checksums import sha256
from carekit.ground.plain_json import parse

IMAGES, MASKS, SAMPLES, BOXES, FACTS = FILES
NEW_BOXES = f".{BOXES}.new"  # boxes being saved
AT_ONCE = 256  # images held in memory at a time


def read_table(path: Path) -> pd.DataFrame:
    """A table of text. Raises ValueError, naming the file, where it is none."""
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except ValueError as error:
        first = str(error).splitlines()[0]
        raise ValueError(f"{path.name} cannot be read ({first}): prepare the data set again") from None


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table, with the same bytes on every system."""
    table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def write_facts(path: Path, facts: dict) -> None:
    """Write the facts as JSON."""
    path.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_facts(folder: Path) -> dict:
    """The facts of a data set. Raises ValueError where they are no object of JSON."""
    try:
        facts = parse((folder / FACTS).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{FACTS} cannot be read ({error}): prepare the data set again") from None
    if not isinstance(facts, dict):
        raise ValueError(f"{FACTS} holds no facts: prepare the data set again")
    return facts


def checksum_of_facts(facts: dict) -> str:
    """A checksum of all facts but the checksums, among which it stands."""
    rest = {name: value for name, value in facts.items() if name != "checksums"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def checksum(folder: Path, name: str) -> str:
    """The checksum of a file of a data set as it is now; empty where there is none."""
    if not (folder / name).is_file():
        return ""
    if name == FACTS:
        return checksum_of_facts(read_facts(folder))
    return sha256(folder / name)


def finish_boxes(folder: Path) -> None:
    """Put boxes in their place that were being saved when a process was stopped; without any, do nothing.

    Boxes and facts are two files, and the facts hold the checksum of the boxes: they are written first, and new boxes
    that fit them are what was saved last.
    """
    with suppress(FileNotFoundError):  # another process may finish at the same moment
        if (folder / NEW_BOXES).exists() and _checksums(folder).get(BOXES) == sha256(folder / NEW_BOXES):
            os.replace(folder / NEW_BOXES, folder / BOXES)


def _checksums(folder: Path) -> dict:
    checksums = read_facts(folder).get("checksums")
    return checksums if isinstance(checksums, dict) else {}


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
    checksums = {name: sha256(folder / name) for name in names} | {FACTS: checksum_of_facts(facts)}
    write_facts(folder / FACTS, facts | {"checksums": checksums})
