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
from carekit.material.autobox.finder import Finder

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
    """Find the boxes of some images of a data set and write them to a table as they come; return the table.

    What the table has already is kept: a run that was stopped resumes, and boxes drawn by hand stay.

    Args:
        path: the table, a new file or one that was begun with the same method and parameters.
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
    done = _already_done(path, data.size, finder.method, parameters)
    names = data.samples.image_id
    left = [int(i) for i in rows if names[i] not in done]
    if workers is None and not finder.processes:
        workers = 1
    starts = range(0, len(left), CHUNK)
    bar = tqdm(total=len(rows), initial=len(rows) - len(left), desc=finder.method, unit="image", disable=not progress)
    with bar:
        for start, boxes in in_chunks(partial(finder.find_in, data), left, starts, CHUNK, workers):
            chunk = left[start : start + CHUNK]
            boxes_of = dict(zip(names.iloc[chunk], boxes, strict=True))
            # Written chunk by chunk: a run that is stopped loses one chunk.
            add_lines(path, lines(boxes_of, data.size, finder.method, parameters))
            bar.update(len(chunk))
    return read_table(path)


def _already_done(path: Path, size: int, method: str, parameters: dict) -> set[str]:
    """The images that a table has. Raises ValueError for a table of another method, parameters, version or size."""
    if not path.exists():
        return set()
    table = read_table(path)
    found = table[table.method != HAND]
    wanted = lines({"": np.zeros((0, 4))}, size, method, parameters).iloc[0]
    for column in ("method", "parameters", "version", "size"):
        other = found[column][found[column] != wanted[column]]
        if len(other):
            raise ValueError(
                f"{path} was begun with {column} {other.iloc[0]} and not {wanted[column]}: "
                "give another file with --out, or delete it"
            )
    return set(table.image_id)
