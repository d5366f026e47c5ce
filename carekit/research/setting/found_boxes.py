"""Boxes that a lesson finds for its rare classes, by each method, kept among the runs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
from filelock import FileLock

from carekit.data.batches import boxed_rows
from carekit.data.box_source import BoxSource
from carekit.data.prepared import Prepared
from carekit.experiment.box_sources import FromTable
from carekit.ground import workspace
from carekit.material.autobox import quality
from carekit.material.autobox.deeplab import build_deeplab
from carekit.material.autobox.methods import DEFAULTS, Options, finder
from carekit.material.autobox.pairs import of_prepared
from carekit.material.autobox.segmenting import Fit, fit_segmenter, save_segmenter
from carekit.material.autobox.table import make_table
from carekit.networks import efficientnet_lite
from carekit.research.setting.drawn import load_drawn

if TYPE_CHECKING:
    from carekit.research.setting.setting import Setting

SMALL_FIT = Fit(epochs=6)
LARGE_FIT = Fit(epochs=12)
EACH = 12  # pairs of each class


def find_boxes(
    lesson: "Setting", method: str, options: Options = DEFAULTS, classes: Sequence[str] | None = None
) -> FromTable:
    """The boxes of some classes' training images that have a true one, found once and kept.

    Args:
        lesson: whose training images.
        method: a name of `carekit.material.autobox.methods.FINDERS`.
        options: for the method.
        classes: which; None: the rare ones.

    Raises:
        ValueError: for an unknown method or class, a bad option, or a checkpoint that is needed and not given.
    """
    train = lesson.train
    rows = boxed_rows(train, classes)
    chosen = finder(method, options)
    about = {"images": train.images_fingerprint(), "method": method, "parameters": chosen.parameters(), "rows": rows}
    path = workspace.runs() / "boxes" / f"{workspace.key('carekit.material.autobox.methods', **about)}.csv"
    make_table(path, train, rows, chosen, workers=1, progress=False)
    return FromTable(str(path))


def pairs_of_another_seed(lesson: "Setting") -> Prepared:
    """Drawn images with masks, from another seed than the lesson's: equally many of each class, no mark that misleads.

    Raises ValueError for data that are not drawn.
    """
    counts = dict.fromkeys(lesson.kind.classes, EACH)
    few = dict.fromkeys(lesson.kind.classes, 1)
    seed = lesson.parameters["seed"] + 1
    return load_drawn(lesson.recipe(seed=seed, counts=counts, test_counts=few, shortcut=0.03))


def train_segmenter(lesson: "Setting") -> str:
    """The file of a DeepLabV3 that was trained on another drawn set until it converged, or for a few epochs at most.

    It is trained once and kept. Where ImageNet weights are installed and the profile uses them, its trunk starts from
    them. Raises ValueError for data that are not drawn.
    """
    pairs = pairs_of_another_seed(lesson)
    pretrained = lesson.profile.imagenet and efficientnet_lite.installed()
    trunk = "efficientnet_lite0" if pretrained else "small"
    fit = LARGE_FIT if pretrained else SMALL_FIT
    about = {"pairs": pairs.images_fingerprint(), "trunk": trunk, "fit": fit}
    path = workspace.runs() / "models" / f"{workspace.key('carekit.material.autobox.segmenting', **about)}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.stem}.lock")):
        if not path.exists():
            model = build_deeplab(trunk, pretrained=pretrained)
            history = fit_segmenter(model, of_prepared(pairs), fit, progress=False)
            save_segmenter(path, model, pairs.size, dice=1 - history.held_out.min(), epochs=len(history))
    return str(path)


def judge_source(lesson: "Setting", source: BoxSource) -> pd.DataFrame:
    """`carekit.material.autobox.quality.overlap_table` for a source's boxes of the rare classes' training images."""
    train = lesson.train
    rows = boxed_rows(train)
    true = {i: train.boxes_of(i) for i in rows}
    return quality.overlap_table(source(train, rows), true, train.size)
