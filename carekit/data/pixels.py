"""From image files to the arrays of a prepared data set, in several processes; lesion masks become boxes."""

import io
import os
import signal
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps
from skimage.measure import label
from tqdm import tqdm

from carekit.data.files import Source, open_source
from carekit.data.prepared import IMAGES, MASKS, resize, resize_mask

CHUNK = 64  # images a task: enough to keep a process busy, few enough for little memory
SATELLITE = 0.1  # a component this large beside the largest belongs to the lesion; smaller ones are specks
FAULTS = (OSError, SyntaxError, ValueError, Image.DecompressionBombWarning, Image.DecompressionBombError)


class Item(NamedTuple):
    """The names of an image in its source and of its lesion mask, if it has one."""

    image: str
    mask: str | None


class Result(NamedTuple):
    """The box of an image in prepared pixels, None without a lesion; and the image's width and height before."""

    box: tuple[float, float, float, float] | None
    pixels: tuple[int, int]


def cores() -> int:
    """The processor cores that this process may use; a cluster lends fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def write_pixels(files: Source, items: list[Item], folder: Path, size: int, workers: int | None = None) -> list[Result]:
    """Fill images.npy and masks.npy in `folder`, row i from item i, the same bytes whatever the number of workers.

    Raises ValueError naming a file that is damaged, or a mask that does not fit its image.
    """
    for name, shape in ((IMAGES, (len(items), size, size, 3)), (MASKS, (len(items), size, size))):
        np.lib.format.open_memmap(folder / name, "w+", np.uint8, shape)
    starts = range(0, len(items), CHUNK)
    chunks = [items[start : start + CHUNK] for start in starts]
    workers = min(workers or cores(), len(chunks), 61)  # Windows allows no more
    results = []
    with tqdm(total=len(items), unit="image", desc="preparing") as bar:
        for chunk in _map(files, folder, size, starts, chunks, workers):
            results += chunk
            bar.update(len(chunk))
    return results


def _map(files: Source, folder: Path, size: int, starts, chunks, workers: int) -> Iterator[list[Result]]:
    if workers == 1:
        yield from map(partial(_chunk, files, folder, size), starts, chunks)
        return
    # Spawned on every system: a forked copy of a process with threads, such as a notebook's, may hang.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin, (files.path,))
    try:
        yield from pool.map(partial(_chunk, None, folder, size), starts, chunks)
    except BrokenProcessPool:
        raise OSError("a worker process was ended, perhaps for want of memory: prepare with fewer workers") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(path: Path) -> None:
    """Make a worker process ready: it opens the source once, since an archive's list of files takes long to read."""
    global _opened
    _opened = open_source(path)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes; the parent alone answers it


def _chunk(files: Source | None, folder: Path, size: int, start: int, items: list[Item]) -> list[Result]:
    files = files or _opened
    images = np.zeros((len(items), size, size, 3), np.uint8)
    masks = np.zeros((len(items), size, size), np.uint8)
    results = []
    for row, item in enumerate(items):
        image = read_image(files, item.image)
        images[row] = resize(image, size)
        box = None
        if item.mask is not None:
            mask = read_mask(files, item.mask, image.size)
            masks[row] = resize_mask(mask, size)
            box = box_of(mask, size)
        results.append(Result(box, image.size))
    for name, rows in ((IMAGES, images), (MASKS, masks)):
        np.load(folder / name, mmap_mode="r+")[start : start + len(items)] = rows
    return results


def _decode(files: Source, name: str, mode: str) -> Image.Image:
    data = files.read(name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=["JPEG", "PNG"])
            return ImageOps.exif_transpose(image).convert(mode)
    except FAULTS as error:
        raise ValueError(f"{name} is damaged or no image ({error}): fetch it again, or remove its label") from None


def read_image(files: Source, name: str) -> Image.Image:
    """An RGB image, turned upright as its EXIF tag says. Raises ValueError where it cannot be read."""
    return _decode(files, name, "RGB")


def read_mask(files: Source, name: str, size: tuple[int, int]) -> np.ndarray:
    """A lesion mask, bool (h, w). Raises ValueError where it cannot be read or is not of `size` (width, height)."""
    mask = _decode(files, name, "L")
    if mask.size != size:
        raise ValueError(f"mask {name} has {mask.size} pixels but its image has {size}: fetch them from one source")
    return np.asarray(mask) > 127


def box_of(mask: np.ndarray, size: int) -> tuple[float, float, float, float] | None:
    """The tight box (x0, y0, x1, y1) of the lesion in a mask, scaled to size x size; None for an empty mask.

    The lesion is the largest component and every one with at least a tenth of its area.
    """
    parts = label(mask, connectivity=2)
    areas = np.bincount(parts.ravel())
    areas[0] = 0
    if not areas.any():
        return None
    lesion = (areas >= SATELLITE * areas.max())[parts] & mask
    rows, columns = np.flatnonzero(lesion.any(axis=1)), np.flatnonzero(lesion.any(axis=0))
    height, width = mask.shape
    across, down = size / width, size / height
    return (columns[0] * across, rows[0] * down, (columns[-1] + 1) * across, (rows[-1] + 1) * down)
