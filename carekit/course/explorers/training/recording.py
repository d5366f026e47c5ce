"""The second stage with and without attention, epoch by epoch: curves, and the maps of a few test images."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from joblib import Parallel, cpu_count, delayed
from sklearn.metrics import log_loss
from tqdm import tqdm

from carekit.course.explorers.frame import packed
from carekit.data.prepared import Prepared
from carekit.experiment import WATCHED, Arm, cached_for_evaluation, cached_for_training, first_of_each_class
from carekit.experiment.evaluation import measure, predict
from carekit.experiment.profiles import Profile
from carekit.ground.orphans import end_with_parent
from carekit.method.seeding import one_thread
from carekit.networks import Backbone
from carekit.research.figures.labels import label_of
from carekit.training import epochs

# What has a curve, and what it is called.
CURVES = {name: label_of(name) for name in ("rare_recall", "mca", "attention_inside")}
CURVES["class_loss"] = "classification loss"


@dataclass(frozen=True)
class Epoch:
    """What the two models, first that with attention, are after an epoch.

    curves: the metrics of CURVES on training images and on the first test images of each class. maps and
    probabilities: of the images shown.
    """

    curves: Float[np.ndarray, "2 2 metrics"]
    maps: Float[np.ndarray, "2 n u v"]
    probabilities: Float[np.ndarray, "2 n c"]


class Followed(NamedTuple):
    """One model's share of an Epoch."""

    curves: Float[np.ndarray, "2 metrics"]
    maps: Float[np.ndarray, "n u v"]
    probabilities: Float[np.ndarray, "n c"]


def watch(model: Backbone, data: Prepared, profile: Profile, rows: np.ndarray, arm: Arm, seed: int) -> Iterator[Epoch]:
    """Fine-tune copies of the pretrained `model`, one as `arm` says and one with α = 0, an epoch at each step.

    The pretrained model comes first, as epoch 0. rows: the test images whose maps are kept. Both copies see the same
    images in the same order, as in `experiment.compare`. Raises what `finetune` raises.
    """
    both = [_follow(model, data, profile, rows, one, seed) for one in (arm, arm.control())]
    for pair in zip(*both, strict=False):  # patience may end one of them earlier
        yield _epoch(pair)


def record(
    model: Backbone,
    data: Prepared,
    profile: Profile,
    rows: np.ndarray,
    arm: Arm,
    seed: int,
    *,
    progress: bool = False,
) -> list[Epoch]:
    """All epochs of `watch`; on a CPU each model has a core of its own, so all figures are those of `compare`."""
    n_jobs = 1
    if profile.device == "cpu":
        n_jobs = min(2, cpu_count())
    jobs = (delayed(_follow_to_the_end)(model, data, profile, rows, one, seed) for one in (arm, arm.control()))
    ended = Parallel(n_jobs, return_as="generator")(jobs)
    both = list(tqdm(ended, desc="second stage", total=2, disable=not progress, file=sys.stdout))
    return [_epoch(pair) for pair in zip(*both, strict=False)]  # patience may end one of them earlier


def _epoch(pair: Sequence[Followed]) -> Epoch:
    return Epoch(*(np.stack(parts) for parts in zip(*pair, strict=True)))


def _follow_to_the_end(
    model: Backbone, data: Prepared, profile: Profile, rows: np.ndarray, arm: Arm, seed: int
) -> list[Followed]:
    end_with_parent()
    with one_thread() if profile.device == "cpu" else nullcontext():
        return list(_follow(model, data, profile, rows, arm, seed))


def _follow(
    model: Backbone, data: Prepared, profile: Profile, rows: np.ndarray, arm: Arm, seed: int
) -> Iterator[Followed]:
    # The pretrained model stays as it is; both copies start from it, with the same seed for the order of images.
    test = data.split("test")
    model, schedule = deepcopy(model).to(profile.device), replace(profile.finetune, seed=seed)
    train = cached_for_training(model, data.split("train"), profile)
    watched = cached_for_evaluation(model, first_of_each_class(test, WATCHED), profile)
    parts, shown = (train, watched), test.take(rows)
    yield _evaluate(model, parts, shown)
    images = arm.images(train, profile)
    for _ in epochs(model, images, arm.objective, schedule, stage="finetune", strategy=arm.strategy):
        yield _evaluate(model, parts, shown)


def _evaluate(model: Backbone, parts: Sequence[Prepared], shown: Prepared) -> Followed:
    curves = []
    for part in parts:
        predictions = predict(model, part)
        scores = measure(predictions, part)
        labels = range(len(part.classes))
        scores["class_loss"] = log_loss(predictions.labels, predictions.probabilities, labels=labels)
        curves.append([scores[name] for name in CURVES])
    of_shown = predict(model, shown)
    return Followed(np.array(curves), of_shown.maps, of_shown.probabilities)


def pack(seen: Sequence[Epoch], parameters: dict[str, float]) -> dict[str, Any]:
    """Epochs for the browser, and the parameters that they were trained with."""
    return {
        "parameters": parameters,
        "curves": packed(np.stack([epoch.curves for epoch in seen])),
        "maps": packed(np.stack([epoch.maps for epoch in seen])),
        "probabilities": packed(np.stack([epoch.probabilities for epoch in seen])),
    }
