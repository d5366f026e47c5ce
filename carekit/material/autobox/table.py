"""Find the boxes of many images and write them to a table as they come. Lines by hand are never replaced."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from carekit.data.box_table import HAND, add_lines, lines, read_table
from carekit.data.prepared import Prepared
from carekit.ground.parallel import in_chunks
from carekit.material.autobox.finder import Boxes, Finder

CHUNK = 8  # images a task: what a stopped run has to do again


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
    left = [int(i) for i in rows if names[i] not in done]
    workers = workers or (None if finder.processes else 1)
    starts = range(0, len(left), CHUNK)
    with tqdm(
        total=len(rows), initial=len(rows) - len(left), desc=finder.method, unit="image", disable=not progress
    ) as bar:
        for start, found in in_chunks(partial(_find, finder, data), left, starts, CHUNK, workers):
            chunk = left[start : start + CHUNK]
            named = dict(zip(names.iloc[chunk], found, strict=True))
            add_lines(path, lines(named, data.size, finder.method, parameters))
            bar.update(len(chunk))
    return read_table(path)


def _find(finder: Finder, data: Prepared, _start: int, rows: Sequence[int]) -> list[Boxes]:
    """What one task of a worker does."""
    return list(finder.find(data.read(rows), data.labels[list(rows)]))


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
