"""What a network's frozen layers make of the images of a data set: computed once an image and flip, cached on disk.

Training then begins behind the frozen layers. The values are those that the layers would give at that moment, to the
last bit.
"""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from jaxtyping import Float, Int
from torch import Tensor, nn
from tqdm import tqdm

from carekit.data.cached import FLIPS, images_only, with_features
from carekit.data.chunked_arrays import ChunkedArrays, free_bytes
from carekit.data.prepared import Prepared
from carekit.ground import workspace
from carekit.ground.folders import resumable_folder
from carekit.ground.parallel import cores
from carekit.networks import Backbone
from carekit.training.feature_folder import ABOUT, FEATURES, KnownFeatures, finish, read_folder

CHUNK = 16  # images a thread takes at once
LIMIT = 8 * 2**30  # bytes
FLIPPED_AXES: tuple[list[int], ...] = (
    [],
    [3],
    [2],
    [3, 2],
)  # of images (n, 3, h, w) in each flip, see `carekit.data.cached.FLIPS`


def cached(
    model: Backbone,
    data: Prepared,
    *,
    flips: bool = False,
    folder: str | Path | None = None,
    limit: int = LIMIT,
    progress: bool = False,
) -> Prepared:
    """The data set with the features of all images before the model's first trained layer, or as it is without any.

    Training, prediction and maps then begin behind the frozen layers of `model`, or of any network with the same ones.
    The folder's name is a hash of the frozen weights, the images and their size. What was stopped half way resumes. A
    second process waits, because all cores are busy, and what both sets have in common is computed once.

    Args:
        model: on a CPU.
        data: its images.
        flips: cache the three flips of each image, too, as training with the augmentation "flip" needs them.
        folder: where features are cached; None: `features` among the runs.
        limit: bytes that one set of features may take.
        progress: show a bar.

    Raises:
        OSError: where they need more than the limit, or than the disk has free.
        ValueError: where the folder is damaged or was made from other images.
    """
    if model.frozen is None:
        return data
    data = images_only(data)  # features that it has may be those of other layers
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
    return with_features(data, read_folder(path, about), n_flips)


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
    """Fill the file of features, chunk by chunk, in as many threads as there are cores."""
    shape = _early(model, data, np.zeros(1, np.int64), 1).shape[1:]  # of one image's features
    arrays = ChunkedArrays(folder, {FEATURES: (len(data) * flips, *shape)}, np.float32, CHUNK * flips)
    needed, free = 4 * len(data) * flips * int(np.prod(shape)), free_bytes(folder)
    if needed > limit:
        raise OSError(
            f"the features need {needed >> 20} MB and the limit is {limit >> 20} MB: raise it, or take fewer images"
        )
    if needed * 1.02 > free:
        raise OSError(f"{folder.parent} has {free >> 20} MB free, the features need {needed >> 20} MB: make room")
    done = arrays.resume()
    starts = [start for start in range(0, len(data), CHUNK) if start * flips not in done]
    finished = len(data) - sum(min(CHUNK, len(data) - start) for start in starts)
    bar = tqdm(total=len(data), initial=finished, unit="image", desc="features", disable=not progress)
    # With one thread in each, torch gives the values of one thread.
    pool = ThreadPoolExecutor(cores(), initializer=partial(torch.set_num_threads, 1))
    threads = torch.get_num_threads()
    try:
        with arrays.journal() as note, bar:
            for start, checksum in pool.map(partial(_fill, model, data, flips, known, arrays), starts):
                note(start * flips, None, checksum)
                bar.update(min(CHUNK, len(data) - start))
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def _fill(
    model: Backbone, data: Prepared, flips: int, known: KnownFeatures, arrays: ChunkedArrays, start: int
) -> tuple[int, str]:
    """Compute a chunk of images, or copy what is known of it, and write it; returns its start and its checksum."""
    rows = np.arange(start, min(start + CHUNK, len(data)))
    shape = arrays.shapes[FEATURES][1:]
    features, missing = np.empty((len(rows), flips, *shape), np.float32), np.ones(len(rows), bool)
    for place, known_features in known.of(data, rows, flips):
        features[place], missing[place] = known_features, False
    if missing.any():
        features[missing] = _early(model, data, rows[missing], flips).unflatten(0, (-1, flips)).numpy()
    return start, arrays.write(start * flips, {FEATURES: features.reshape(-1, *shape)})  # (m, flips, ...) -> rows


def _early(model: Backbone, data: Prepared, rows: Int[np.ndarray, " n"], flips: int) -> Float[Tensor, "m k u v"]:
    """Row flips * i + f is flip f of image i."""
    images = data.tensor(rows)
    turned = [images.flip(axes) for axes in FLIPPED_AXES[:flips]]
    with torch.no_grad():
        early = torch.stack([model.early(images) for images in turned], dim=1)  # -> (n, flips, k, u, v)
    return early.flatten(0, 1)  # (n, flips, k, u, v) -> (n * flips, k, u, v)
