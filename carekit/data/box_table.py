"""A table of boxes with the origin of each: one line a box, and one with empty corners where nothing was found."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock
from jaxtyping import Float
from numpy.typing import ArrayLike

import carekit
from carekit.data.prepared import Prepared
from carekit.data.prepared.schema import CORNERS
from carekit.ground.folders import whole_file
from carekit.method import boxes as geometry

COLUMNS = ["image_id", *CORNERS, "size", "method", "parameters", "version", "made"]
HAND = "hand"
Boxes = Float[np.ndarray, "_ 4"]


def read_table(path: str | Path) -> pd.DataFrame:
    """The lines of a table, corners as floats.

    Raises:
        FileNotFoundError: where there is no such file.
        ValueError: where it is no table of boxes.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no table of boxes {path}: make it with `python -m carekit boxes`")
    try:
        texts = dict.fromkeys(("image_id", "method", "parameters", "version", "made"), str)
        empty = dict.fromkeys(CORNERS, [""])  # an image may well be called NA
        table = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=empty)
        missing = [column for column in COLUMNS if column not in table]
        if missing:
            raise ValueError(f"it has no column {missing[0]!r}")
        return table[COLUMNS].astype(dict.fromkeys([*CORNERS, "size"], float))
    except (ValueError, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0]
        raise ValueError(
            f"{path} is no table of boxes ({first}): make it again with `python -m carekit boxes`"
        ) from None


def lines(found: Mapping[str, Boxes], size: int, method: str, parameters: dict) -> pd.DataFrame:
    """Lines of a table for the boxes of each image of `size` x `size` pixels, made now."""
    rows = []
    for name, corners in found.items():
        rows += [[name, *box] for box in corners.tolist() or [[np.nan] * 4]]  # a line also where nothing was found
    about = {
        "size": float(size),
        "method": method,
        "parameters": json.dumps(parameters, sort_keys=True),
        "version": carekit.__version__,
        "made": date.today().isoformat(),
    }
    return pd.DataFrame(rows, columns=["image_id", *CORNERS]).assign(**about)[COLUMNS]


def add_lines(path: Path, new: pd.DataFrame, replace: bool = False) -> None:
    """Put lines into a table, whole or not at all; an image that has lines keeps them, unless `replace`.

    Two processes take turns.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        old = new[:0]
        if path.exists():
            old = read_table(path)
        if replace:
            old = old[~old.image_id.isin(new.image_id)]
        else:
            new = new[~new.image_id.isin(old.image_id)]
        if len(old):
            new = pd.concat([old, new])
        with whole_file(path) as written:
            new.to_csv(written, index=False, lineterminator="\n")


def save_by_hand(path: str | Path, data: Prepared, image_id: str, boxes: ArrayLike) -> None:
    """Put boxes drawn by hand into a table, in place of what it has for this image; no command replaces them.

    Raises:
        ValueError: for a bad box, as `carekit.method.boxes.check`.
    """
    checked = geometry.check(boxes, (data.size, data.size), f"image {image_id}")
    add_lines(Path(path), lines({image_id: checked}, data.size, HAND, {}), replace=True)
