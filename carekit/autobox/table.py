"""A table of boxes with where each came from: what the command writes, what an arm trains on.

One line a box, and one with empty corners for an image in which nothing was found. Lines by hand are never replaced.
"""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock
from tqdm import tqdm

import carekit
from carekit import boxes as geometry
from carekit.autobox.finder import Boxes, Finder
from carekit.data.checks import CORNERS
from carekit.data.parallel import in_chunks
from carekit.data.prepared import Prepared

COLUMNS = ["image_id", *CORNERS, "size", "method", "parameters", "version", "made"]
HAND = "hand"
CHUNK = 8  # images a task: what a stopped run has to do again


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
        raise ValueError(f"{path} is no table of boxes ({first}): make it anew with `python -m carekit boxes`") from None


def lines(found: Mapping[str, Boxes], size: int, method: str, parameters: dict) -> pd.DataFrame:
    """Lines of a table for the boxes of each image of `size` x `size` pixels, made now."""
    none = [[np.nan] * 4]
    rows = [[name, *box] for name, boxes in found.items() for box in (boxes.tolist() if len(boxes) else none)]
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
        old = read_table(path) if path.exists() else new[:0]
        if replace:
            old = old[~old.image_id.isin(new.image_id)]
        else:
            new = new[~new.image_id.isin(old.image_id)]
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            (pd.concat([old, new]) if len(old) else new).to_csv(beside, index=False, lineterminator="\n")
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)


def save_by_hand(path: str | Path, data: Prepared, image_id: str, boxes) -> None:
    """Put boxes drawn by hand into a table, in place of what it has for this image; no command replaces them.

    Raises:
        ValueError: for a bad box, as `carekit.boxes.check`.
    """
    checked = geometry.check(boxes, (data.size, data.size), f"image {image_id}")
    add_lines(Path(path), lines({image_id: checked}, data.size, HAND, {}), replace=True)


def make_table(
    path: str | Path,
    data: Prepared,
    rows: Sequence[int],
    finder: Finder,
    *,
    workers: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Find the boxes of some images of a data set and write them to a table as they come; the table.

    What the table has already is kept: a run that was stopped resumes, and boxes drawn by hand stay.

    Args:
        path: of the table, a new file or one that was begun with the same method and parameters.
        data: the images.
        rows: which of them.
        finder: the method.
        workers: processes; None takes as many as there are cores where the method gains by it.
        progress: show a bar.

    Raises:
        ValueError: where the table was begun in another way.
        OSError: where it cannot be written.
    """
    path = Path(path)
    parameters = finder.parameters()
    done = _done(path, data.size, finder.method, parameters)
    names = data.samples.image_id
    left = np.array([i for i in rows if names[i] not in done], dtype=int)
    workers = workers or (None if finder.processes else 1)
    starts = range(0, len(left), CHUNK)
    with tqdm(total=len(rows), initial=len(rows) - len(left), desc=finder.method, unit="image", disable=not progress) as bar:
        for start, found in in_chunks(partial(_find, finder, data), left, starts, CHUNK, workers):
            chunk = left[start : start + CHUNK]
            named = dict(zip(names.iloc[chunk], found, strict=True))
            add_lines(path, lines(named, data.size, finder.method, parameters))
            bar.update(len(chunk))
    return read_table(path)


def _find(finder: Finder, data: Prepared, _start: int, rows: np.ndarray) -> list[Boxes]:
    """What one task of a worker does."""
    return list(finder.find(data.read(rows), data.labels[rows]))


def _done(path: Path, size: int, method: str, parameters: dict) -> set[str]:
    """The images that a table has, if it was begun like this."""
    if not path.exists():
        return set()
    table = read_table(path)
    made = table[table.method != HAND]
    wanted = lines({"": np.zeros((0, 4))}, size, method, parameters).iloc[0]
    for column in ("method", "parameters", "version", "size"):
        other = made[column][made[column] != wanted[column]]
        if len(other):
            raise ValueError(
                f"{path} was begun with {column} {other.iloc[0]} and not {wanted[column]}: "
                "give another file with --out, or delete it"
            )
    return set(table.image_id)
