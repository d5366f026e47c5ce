"""Fill the arrays of a prepared data set in several processes; a run that was stopped resumes."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from carekit.data.chunked_arrays import ChunkedArrays, free_bytes
from carekit.data.prepared.files import IMAGES, MASKS
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

    Chunks that were done before a stop are not drawn again, see `carekit.data.chunked_arrays`.

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
    shapes: dict[str, tuple[int, ...]] = {IMAGES: (len(items), size, size, 3)}
    if masks:
        shapes[MASKS] = (len(items), size, size)
    arrays = ChunkedArrays(folder, shapes, np.uint8, CHUNK)
    done = arrays.resume()
    starts = range(0, len(items), CHUNK)
    left = [start for start in starts if start not in done]
    finished = sum(map(len, done.values()))
    with arrays.journal() as note, tqdm(total=len(items), initial=finished, unit="image", desc="preparing") as bar:
        for start, (chunk_results, checksum) in in_chunks(
            partial(_draw_chunk, arrays, draw), items, left, CHUNK, workers
        ):
            note(start, chunk_results, checksum)
            done[start] = chunk_results
            bar.update(len(chunk_results))
    results = []
    for start in starts:
        results += [Result([tuple(box) for box in boxes], about) for boxes, about in done[start]]
    return results


def _draw_chunk(
    arrays: ChunkedArrays, draw: Draw, start: int, items: Sequence
) -> tuple[list[tuple[list[Box], dict]], str]:
    """Draw some images into the files; returns what each leaves besides, and a checksum of the pixels."""
    drawn = [draw(item) for item in items]
    rows = {IMAGES: np.stack([image.image for image in drawn])}
    if MASKS in arrays.shapes:
        rows[MASKS] = np.zeros(rows[IMAGES].shape[:3], np.uint8)  # empty where an image has none
        for mask, image in zip(rows[MASKS], drawn, strict=True):
            if image.mask is not None:
                mask[:] = image.mask
    return [(image.boxes, image.about) for image in drawn], arrays.write(start, rows)


def check_space(folder: Path, n: int, size: int, masks: bool = True) -> None:
    """Raise OSError where the disk has no room for n images, of which those in the folder are already there."""
    needed, free = n * size * size * (3 + masks), free_bytes(folder)
    if free < needed * 1.02:
        raise OSError(f"{folder.parent} has {free >> 20} MB free and {needed >> 20} MB are needed: choose another disk")
