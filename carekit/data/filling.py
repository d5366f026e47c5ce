"""Fill the arrays of a prepared data set in several processes; a run that was stopped resumes."""

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from carekit.data.prepared.files import IMAGES, MASKS
from carekit.data.prepared.rows import open_rows
from carekit.ground.folders import JOURNAL, journal_entries, journal_line
from carekit.ground.parallel import in_chunks

CHUNK = 64  # images a task: enough to keep a process busy, few enough for little memory

Box = tuple[float, float, float, float]


class Drawn(NamedTuple):
    """An image uint8 (s, s, 3), its mask 0 or 1 (s, s) or None, its boxes in these pixels, and what else is known."""

    image: np.ndarray
    mask: np.ndarray | None
    boxes: list[Box]
    about: dict


Draw = Callable[[Any], Drawn]


class Result(NamedTuple):
    """What a drawn image leaves besides its pixels."""

    boxes: list[Box]
    about: dict


def fill(
    folder: Path, items: Sequence, draw: Draw, size: int, workers: int | None = None, masks: bool = True
) -> list[Result]:
    """Fill images.npy and masks.npy in `folder`, row i from draw(items[i]), the same bytes however many workers.

    Chunks that a journal in the folder lists are not drawn again, if the files hold them as the journal says: a power
    cut may leave neither whole. `resumable_folder` removes it when all is done.

    Args:
        folder: of a data set that is being prepared.
        items: what is drawn, one for each row; with several workers they are pickled, as `draw` is.
        draw: makes the image of an item.
        size: height and width of the images in pixels.
        workers: processes, by default as many as there are cores.
        masks: whether there is a file of masks; an image without one has an empty mask in it.

    Returns:
        For each item its boxes, and what else is known.

    Raises:
        OSError: where the disk is full or a worker was ended; and whatever `draw` raises.
    """
    starts = range(0, len(items), CHUNK)
    done = _finished(folder, len(items), size, masks)
    if not done:
        (folder / JOURNAL).unlink(missing_ok=True)
        _allocate(folder, len(items), size, masks)
    left = [start for start in starts if start not in done]
    finished = sum(map(len, done.values()))
    with (
        open(folder / JOURNAL, "a", encoding="utf-8") as journal,
        tqdm(total=len(items), initial=finished, unit="image", desc="preparing") as bar,
    ):
        for start, (results, pixels) in in_chunks(partial(_draw_chunk, folder, draw), items, left, CHUNK, workers):
            journal.write(journal_line([start, results, pixels]))
            journal.flush()
            done[start] = results
            bar.update(len(results))
    return [Result([tuple(box) for box in boxes], about) for start in starts for boxes, about in done[start]]


def _finished(folder: Path, n: int, size: int, masks: bool) -> dict[int, list]:
    """start -> results of the chunks whose pixels are in the files as the journal says."""
    shapes = {IMAGES: (n, size, size, 3)} | ({MASKS: (n, size, size)} if masks else {})
    try:
        arrays = [open_rows(folder / name) for name in shapes]
    except ValueError:
        return {}
    if [array.shape for array in arrays] != list(shapes.values()):
        return {}
    done = {}
    for start, results, pixels in journal_entries(folder / JOURNAL):
        if pixels == _checksum_of(*(array[start : start + CHUNK] for array in arrays)):
            done[start] = results
    return done


def _checksum_of(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()


def check_space(folder: Path, n: int, size: int, masks: bool = True) -> None:
    """Raise OSError where the disk has no room for n images, of which those in the folder are already there."""
    needed = n * size * size * (3 + masks)
    free = shutil.disk_usage(folder).free + sum(file.stat().st_size for file in folder.glob("*.npy"))
    if free < needed * 1.02:
        raise OSError(f"{folder.parent} has {free >> 20} MB free and {needed >> 20} MB are needed: choose another disk")


def _allocate(folder: Path, n: int, size: int, masks: bool) -> None:
    """Files of the full length, so that a full disk is met here and not in the middle."""
    for name, shape in ((IMAGES, (n, size, size, 3)), (MASKS, (n, size, size))):
        if name == IMAGES or masks:
            array = np.lib.format.open_memmap(folder / name, "w+", np.uint8, shape)
            length = array.offset + array.nbytes
            del array
            if hasattr(os, "posix_fallocate"):
                with open(folder / name, "r+b") as file:
                    os.posix_fallocate(file.fileno(), 0, length)


def _draw_chunk(folder: Path, draw: Draw, start: int, items: Sequence) -> tuple[list[tuple[list, dict]], str]:
    """Draw some images into the files; returns what each leaves besides, and a checksum of the pixels."""
    drawn = [draw(item) for item in items]
    arrays = {IMAGES: np.stack([each.image for each in drawn])}
    if (folder / MASKS).exists():
        empty = np.zeros(drawn[0].image.shape[:2], np.uint8)
        arrays[MASKS] = np.stack([empty if each.mask is None else each.mask for each in drawn])
    for name, rows in arrays.items():
        _write(folder / name, start, rows)
    return [(each.boxes, each.about) for each in drawn], _checksum_of(*arrays.values())


def _write(path: Path, start: int, rows: np.ndarray) -> None:
    """Written, not mapped: a full disk is then an error and not the end of the process."""
    with open(path, "r+b") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        file.seek(start * rows[0].nbytes, os.SEEK_CUR)
        file.write(rows.tobytes())
