"""What a mark alone changes: the same images with and without it, judged by each model."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float
from torch.nn import functional

from carekit.data.prepared import Prepared
from carekit.experiment.evaluation import Predictions, predict
from carekit.method.boxes import rasterise
from carekit.networks import Backbone

VISIBLE = 12  # of 255: what differs less is noise or the rounding of a soft edge


class Pair(NamedTuple):
    """The same images without and with a mark, or cached features of both."""

    clean: Prepared
    marked: Prepared


class InkAnswers(NamedTuple):
    """The answers of a model to a pair, image by image, n in all.

    Args:
        others, rare: which images are of other classes than the rarest, and which are of it.
        clean, marked: which are called the rarest class without and with the mark.
        on_mark, in_box: whether the peak of the rarest class's map, with the mark, is on the mark, and in a box.
    """

    others: Bool[np.ndarray, " n"]
    rare: Bool[np.ndarray, " n"]
    clean: Bool[np.ndarray, " n"]
    marked: Bool[np.ndarray, " n"]
    on_mark: Bool[np.ndarray, " n"]
    in_box: Bool[np.ndarray, " n"]


def check(pair: Pair) -> Bool[np.ndarray, "n h w"]:
    """Where each image of a pair shows the mark.

    Raises:
        ValueError: if the two sets do not hold the same images in the same order, or none differs.
    """
    clean, marked = pair.clean, pair.marked
    same = len(clean) == len(marked) and clean.size == marked.size and clean.classes == marked.classes
    if not same or list(clean.samples.image_id) != list(marked.samples.image_id):
        raise ValueError(
            "the two sets do not hold the same images: make one from the other, see `carekit.material.drawing.marks`"
        )
    if not np.array_equal(clean.labels, marked.labels):
        raise ValueError("the same images have other labels in the two sets: make one set from the other")
    shown = np.zeros((len(clean), clean.size, clean.size), bool)
    for i in range(len(clean)):
        # One image at a time: a large set need not fit into memory twice.
        change = marked.read([i]).astype(int) - clean.read([i])  # (1, s, s, 3)
        shown[i] = np.abs(change[0]).max(2) > VISIBLE
    if not shown.any():
        raise ValueError("no image differs between the two sets: draw the mark on one of them")
    return shown


def answers_to(model: Backbone, pair: Pair, shown: Bool[np.ndarray, "n h w"]) -> InkAnswers:
    """The answers of one model to a pair. `shown`: see `check`."""
    rarest = pair.clean.classes.index(pair.clean.rare[0])
    wanted = np.full(len(pair.clean), rarest)  # the map of the rarest class, whatever the image is of
    clean = predict(model, pair.clean, classes=wanted)
    marked = predict(model, pair.marked, classes=wanted)
    size = (pair.clean.size, pair.clean.size)
    in_boxes = np.stack([rasterise(pair.clean.checked_boxes(i), size) > 0 for i in range(len(pair.clean))])
    return InkAnswers(
        others=pair.clean.labels != rarest,
        rare=pair.clean.labels == rarest,
        clean=_called(clean, rarest),
        marked=_called(marked, rarest),
        on_mark=peak_is_in(marked.maps, shown),
        in_box=peak_is_in(marked.maps, in_boxes),
    )


def _called(predicted: Predictions, label: int) -> Bool[np.ndarray, " n"]:
    return predicted.probabilities.argmax(1) == label


def peak_is_in(maps: Float[np.ndarray, "n u v"], regions: Bool[np.ndarray, "n h w"]) -> Bool[np.ndarray, " n"]:
    """Whether each map's highest cell touches the region; never for a map that is zero everywhere."""
    touched = cells_of(regions, maps.shape[1:])
    peak = maps.reshape(len(maps), -1).argmax(1)  # (n, u * v) -> (n,)
    return touched.reshape(len(maps), -1)[np.arange(len(maps)), peak] & (maps.max((1, 2)) > 0)


def cells_of(regions: Bool[np.ndarray, "n h w"], cells: tuple[int, ...]) -> Bool[np.ndarray, "n u v"]:
    """Which cells of a map of u x v a region of the image touches."""
    return functional.adaptive_max_pool2d(torch.from_numpy(regions).float(), cells).numpy() > 0


def counts(answers: InkAnswers) -> dict[str, int]:
    """Whole counts: of the other diseases, how many are called the rarest with and without the mark, and its own."""
    return {
        "others": int(answers.others.sum()),
        "others_called_rare": int((answers.others & answers.clean).sum()),
        "others_called_rare_marked": int((answers.others & answers.marked).sum()),
        "others_turned": int((answers.others & answers.marked & ~answers.clean).sum()),
        "rare": int(answers.rare.sum()),
        "rare_found": int((answers.rare & answers.clean).sum()),
        "rare_found_marked": int((answers.rare & answers.marked).sum()),
        "rare_lost_without": int((answers.rare & answers.marked & ~answers.clean).sum()),
        "peak_on_mark": int((answers.others & answers.on_mark).sum()),
        "peak_in_box": int((answers.others & answers.in_box).sum()),
    }


def compare_marks(models: Mapping[str, Backbone], pair: Pair) -> pd.DataFrame:
    """The ink test: one row a model, whole counts.

    Args:
        models: name -> model; their frozen layers are the same where the pair is one of cached features.
        pair: the same test images without and with the mark.

    Returns:
        `others` images of other classes, of which `others_called_rare` are called the rarest class without the mark
        and `others_called_rare_marked` with it (`others_turned` with it only); `rare` images of the rarest class, of
        which `rare_found` are found without the mark and `rare_found_marked` with it (`rare_lost_without`: only with
        it); and on how many of the others the peak of the rarest class's map is on the mark, and in a box.

    Raises:
        ValueError: as `check`.
    """
    shown = check(pair)
    return pd.DataFrame({name: counts(answers_to(model, pair, shown)) for name, model in models.items()}).T
