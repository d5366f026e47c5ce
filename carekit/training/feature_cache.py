"""What a network's frozen layers make of the images of a data set: computed once an image and flip, kept on disk.

Training then begins behind the frozen layers. The values are those that the layers would give at that moment, to the
last bit.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from jaxtyping import Float
from torch import Tensor, nn
from tqdm import tqdm

from carekit.data.kept import FLIPS, KeptFeatures
from carekit.data.prepared import Prepared
from carekit.data.prepared.rows import open_rows
from carekit.ground import workspace
from carekit.ground.folders import JOURNAL, journal_entries, journal_line, resumable_folder
from carekit.ground.parallel import cores
from carekit.networks import Backbone
from carekit.training.kept_on_disk import ABOUT, FEATURES, KnownFeatures, finish, read_folder

CHUNK = 16  # images a thread takes at once
LIMIT = 8 * 2**30  # bytes


def keep(
    model: Backbone,
    data: Prepared,
    *,
    flips: bool,
    folder: str | Path | None = None,
    limit: int = LIMIT,
    progress: bool = False,
) -> KeptFeatures | None:
    """The features of all images of `data` before the model's first trained layer; None where no layer is frozen.

    They lie in a folder named by the frozen weights, the images and their size, so that nothing else can be met there.
    What was stopped half way resumes; another process that asks for the same waits until they are there, and one that
    asks for those of other images, too: all cores are at work, and what both sets have in common is computed once.

    Args:
        model: on a CPU.
        data: its images.
        flips: keep the three flips of each image, too, as training with the augmentation "flip" needs them.
        folder: where features are kept; None: `features` among the runs.
        limit: bytes that one set of features may take.
        progress: show a bar.

    Raises:
        OSError: where they need more than the limit, or than the disk has free.
        ValueError: where what lies there is damaged or was made from other images.
    """
    if model.frozen is None:
        return None
    n_flips = FLIPS if flips else 1
    about: dict[str, Any] = {
        "weights": _fingerprint(model, model.frozen),
        "images": data.images_fingerprint(),
        "flips": n_flips,
        "n": len(data),
    }
    name = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:20]
    path = Path(folder or workspace.runs() / "features") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        if not (path / ABOUT).is_file():
            at_work = FileLock(path.parent / f"{about['weights'][:20]}.lock")
            with at_work, resumable_folder(path, about, mark=ABOUT) as new:
                _compute(model, data, n_flips, KnownFeatures(path.parent, about), new, limit, progress)
                finish(new, data, about)
    return read_folder(path, about)


def _fingerprint(model: Backbone, frozen: nn.Module) -> str:
    """A hash of all that decides what the frozen layers give: weights, normalisation, code, torch, processor."""
    code = workspace.code_fingerprint("carekit.networks")
    digest = hashlib.sha256(f"{torch.__version__} {workspace.processor()} {frozen} {code}".encode())
    for tensor in (model.mean, model.std, *frozen.state_dict().values()):
        digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()


def _compute(
    model: Backbone, data: Prepared, flips: int, known: KnownFeatures, folder: Path, limit: int, progress: bool
) -> None:
    """Fill the file; chunks that the journal lists are there already, if the file holds them as the journal says."""
    file, journal = folder / FEATURES, folder / JOURNAL
    shape = (len(data) * flips, *_early(model, data, np.zeros(1, np.int64), 1).shape[1:])
    done = _finished(file, journal, shape, flips)
    if not done:
        journal.unlink(missing_ok=True)
        _allocate(file, shape, limit)
    starts = [start for start in range(0, len(data), CHUNK) if start not in done]
    with (
        _one_thread_each() as pool,
        open(journal, "a", encoding="utf-8") as log,
        tqdm(total=len(data), unit="image", desc="features", disable=not progress) as bar,
    ):
        bar.update(len(data) - sum(min(CHUNK, len(data) - start) for start in starts))
        for start, checksum in _unordered(pool, partial(_fill, model, data, shape[1:], flips, known, file), starts):
            log.write(journal_line([start, checksum]))
            log.flush()
            bar.update(min(CHUNK, len(data) - start))


def _finished(file: Path, journal: Path, shape: tuple[int, ...], flips: int) -> set[int]:
    """The chunks that are in the file as the journal says."""
    try:
        rows = open_rows(file)
    except ValueError:
        return set()
    if rows.shape != shape or rows.dtype != np.float32:
        return set()
    size = CHUNK * flips
    return {
        start
        for start, checksum in journal_entries(journal)
        if checksum == _checksum_of(rows[start * flips : start * flips + size].tobytes())
    }


def _checksum_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _allocate(file: Path, shape: tuple[int, ...], limit: int) -> None:
    """A file of the full length, so that a full disk is met here and not in the middle."""
    needed = 4 * int(np.prod(shape))
    free = shutil.disk_usage(file.parent).free
    if needed > limit:
        raise OSError(
            f"the features need {needed >> 20} MB and the limit is {limit >> 20} MB: raise it, or take fewer images"
        )
    if needed * 1.02 > free:
        raise OSError(f"{file.parent.parent} has {free >> 20} MB free, the features need {needed >> 20} MB: make room")
    array = np.lib.format.open_memmap(file, "w+", np.float32, shape)
    length = array.offset + array.nbytes
    del array
    if hasattr(os, "posix_fallocate"):
        with open(file, "r+b") as opened:
            os.posix_fallocate(opened.fileno(), 0, length)


def _fill(
    model: Backbone,
    data: Prepared,
    shape: tuple[int, ...],
    flips: int,
    known: KnownFeatures,
    file: Path,
    start: int,
) -> tuple[int, str]:
    """Compute a chunk and write it; not into a map, so that a full disk is an error and not the end of the process.

    Returns where it begins, and its checksum.
    """
    rows = np.arange(start, min(start + CHUNK, len(data)))
    kept, missing = np.empty((len(rows), flips, *shape), np.float32), np.ones(len(rows), bool)
    for place, features in known.of(data, rows, flips):
        kept[place], missing[place] = features, False
    if missing.any():
        kept[missing] = _early(model, data, rows[missing], flips).unflatten(0, (-1, flips)).numpy()
    with open(file, "r+b") as opened:
        np.lib.format.read_magic(opened)
        np.lib.format.read_array_header_1_0(opened)
        opened.seek(start * kept[0].nbytes, os.SEEK_CUR)
        opened.write(kept.tobytes())  # in C order
    return start, _checksum_of(kept.tobytes())


def _early(model: Backbone, data: Prepared, rows: np.ndarray, flips: int) -> Float[Tensor, "m k u v"]:
    """Row flips * i + f is flip f of image i."""
    images = data.tensor(rows)
    turned = [images.flip([axis for bit, axis in ((1, 3), (2, 2)) if flip & bit]) for flip in range(flips)]
    with torch.no_grad():
        early = torch.stack([model.early(each) for each in turned], dim=1)  # flips x (n, k, u, v) -> (n, flips, ...)
    return early.flatten(0, 1)  # (n, flips, k, u, v) -> (n * flips, k, u, v)


@contextmanager
def _one_thread_each() -> Iterator[ThreadPoolExecutor]:
    """As many threads as cores, and torch with one thread in each of them: the values are those of one thread."""
    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(cores(), initializer=partial(torch.set_num_threads, 1))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)


def _unordered(
    pool: ThreadPoolExecutor, work: Callable[[int], tuple[int, str]], items: list[int]
) -> Iterator[tuple[int, str]]:
    """Results as they come; never more than a few tasks wait."""
    rest = iter(items)
    running = {pool.submit(work, item) for item in islice(rest, 8)}
    while running:
        finished, running = wait(running, return_when=FIRST_COMPLETED)
        running |= {pool.submit(work, item) for item in islice(rest, len(finished))}
        for task in sorted(finished, key=lambda task: task.exception() is not None):  # what is done is not lost
            yield task.result()
