"""Fill the arrays of a prepared data set in several processes; a run that was stopped goes on where it was."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from carekit.data.pixels import Box, Drawn
from carekit.data.rows import IMAGES, MASKS

JOURNAL = "journal.jsonl"
CHUNK = 64  # images a task: enough to keep a process busy, few enough for little memory

Draw = Callable[[Any], Drawn]
_draw: Draw  # of a worker process


class Result(NamedTuple):
    """What a drawn image leaves besides its pixels."""

    boxes: list[Box]
    about: dict


def cores() -> int:
    """The processor cores that this process may use; a cluster lends fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fill(
    folder: Path, items: Sequence, draw: Draw, size: int, workers: int | None = None, masks: bool = True
) -> list[Result]:
    """Fill images.npy and masks.npy in `folder`, row i from draw(items[i]), the same bytes however many workers.

    Chunks that a journal in the folder lists are not drawn again; the journal is removed at the end. Raises what
    `draw` raises, and OSError where the disk is full or a worker was ended.
    """
    starts = range(0, len(items), CHUNK)
    done = _finished(folder / JOURNAL)
    if not done:
        _allocate(folder, len(items), size, masks)
    left = [start for start in starts if start not in done]
    with (
        open(folder / JOURNAL, "a", encoding="utf-8") as journal,
        tqdm(total=len(items), initial=sum(map(len, done.values())), unit="image", desc="preparing") as bar,
    ):
        for start, results in _work(folder, items, draw, left, min(workers or cores(), len(left), 61)):
            journal.write(json.dumps([start, results]) + "\n")
            journal.flush()
            done[start] = results
            bar.update(len(results))
    (folder / JOURNAL).unlink()
    return [Result([tuple(box) for box in boxes], about) for start in starts for boxes, about in done[start]]


def _finished(journal: Path) -> dict[int, list]:
    """start -> results of the chunks that are whole; a last line that a kill has torn does not count."""
    done = {}
    for line in journal.read_text(encoding="utf-8").split("\n")[:-1] if journal.exists() else []:
        try:
            start, results = json.loads(line)
            done[start] = results
        except ValueError:
            continue
    return done


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


def _work(folder: Path, items: Sequence, draw: Draw, starts: list[int], workers: int) -> Iterator[tuple[int, list]]:
    chunk = partial(_chunk, folder)
    if workers <= 1:
        for start in starts:
            yield start, chunk(start, items[start : start + CHUNK], draw)
        return
    # Spawned on every system: a forked copy of a process with threads, such as a notebook's, may hang.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin, (draw,))
    try:
        tasks = {pool.submit(chunk, start, items[start : start + CHUNK]): start for start in starts}
        for task in as_completed(tasks):
            yield tasks[task], task.result()
    except BrokenProcessPool:
        raise OSError("a worker process was ended, perhaps for want of memory: prepare with fewer workers") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(draw: Draw) -> None:
    """Make a worker process ready."""
    global _draw
    _draw = draw
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes; the parent alone answers it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent_process().join()
    os._exit(1)


def _chunk(folder: Path, start: int, items: Sequence, draw: Draw | None = None) -> list[tuple[list, dict]]:
    drawn = [(draw or _draw)(item) for item in items]
    _write(folder / IMAGES, start, np.stack([each.image for each in drawn]))
    if (folder / MASKS).exists():
        empty = np.zeros(drawn[0].image.shape[:2], np.uint8)
        _write(folder / MASKS, start, np.stack([empty if each.mask is None else each.mask for each in drawn]))
    return [(each.boxes, each.about) for each in drawn]


def _write(path: Path, start: int, rows: np.ndarray) -> None:
    """Written, not mapped: a full disk is then an error and not the end of the process."""
    with open(path, "r+b") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        file.seek(start * rows[0].nbytes, os.SEEK_CUR)
        file.write(rows.tobytes())
