"""Real photographs: every image tested once, in a cross-validation whose parts share no lesion."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from carekit.data.prepared import Prepared
from carekit.experiment import PRETRAINED, Arm, compare, load_model, predictions
from carekit.experiment.evaluation import Predictions, judged, measure
from carekit.material.drawing.marks import with_shortcut
from carekit.method.metrics import EQUAL_RECALL, attention_inside, class_auc, recall_by_false_alarms
from carekit.research.setting.setting import ELSEWHERE, Setting
from carekit.research.studies.ground import MISLED, Ground
from carekit.research.studies.resampling import Answers, Images
from carekit.research.studies.scoring import ink_counts


@runtime_checkable
class Trainable(Protocol):
    """What says how it is trained: a row of a table, or a setting that is tried."""

    def arm(self, ground: Ground) -> Arm:
        """The arm of an experiment on this ground."""


class Tested(NamedTuple):
    """What one arm and seed says of the test images of one fold, and its ink test."""

    arm: str
    seed: int
    found: Predictions
    ink: dict[str, float]


class Pooled(NamedTuple):
    """What one arm and seed says of all images, each judged by the model of the fold that did not train on it.

    fold_auc: the rare class's AUC within each fold, averaged. ink: the counts of all folds together.
    """

    arm: str
    seed: int
    found: Predictions
    fold_auc: float
    ink: dict[str, float]


def fold_grounds(lesson: Setting, parts: Sequence[Prepared], condition: str, shortcut: float = 0.95) -> list[Ground]:
    """One ground a fold; where the mark misleads, it is planted on the training images of this fold.

    Args:
        lesson: its parameters and its profile are those of all folds.
        parts: of `carekit.research.studies.folds.folds`.
        condition: "no mark" or "mark".
        shortcut: share of the rarest class's training images with the mark.
    """
    found = []
    for part in parts:
        if condition == MISLED:
            part = with_shortcut(part, lesson.mark, shortcut=shortcut, elsewhere=ELSEWHERE)
        found.append(Ground(replace(lesson, data=part), condition))
    return found


def train_folds(grounds: Sequence[Ground], rows: Mapping[str, Trainable], seeds: Sequence[int]) -> list[Pooled]:
    """Train and test every row in every fold, and put the folds together: one result an arm and seed."""
    by_run: dict[tuple[str, int], list[Tested]] = {}
    for number, ground in enumerate(grounds, 1):
        print(f"{ground.condition}, fold {number} of {len(grounds)}", flush=True)
        for tested in _one_fold(ground, rows, seeds):
            by_run.setdefault((tested.arm, tested.seed), []).append(tested)
    rarest = grounds[0].lesson.data.classes.index(grounds[0].lesson.rare)
    return [_pool(parts, rarest) for parts in by_run.values()]


def _one_fold(ground: Ground, rows: Mapping[str, Trainable], seeds: Sequence[int]) -> Iterator[Tested]:
    lesson = ground.lesson
    arms = {name: row.arm(ground) for name, row in rows.items()}
    for run in compare(lesson.data, lesson.profile, arms, seeds):
        if run.arm != PRETRAINED:
            found = predictions(load_model(run, lesson.data, lesson.profile), lesson.test, lesson.profile)
            yield Tested(run.arm, run.seed, found, ink_counts(run, lesson))


def _pool(parts: Sequence[Tested], rarest: int) -> Pooled:
    founds = [part.found for part in parts]
    together = Predictions(
        probabilities=np.concatenate([each.probabilities for each in founds]),
        labels=np.concatenate([each.labels for each in founds]),
        maps=np.concatenate([each.maps for each in founds]),
    )
    ink = {name: sum(part.ink[name] for part in parts) for name in parts[0].ink}
    within = [class_auc(each.labels, each.probabilities, rarest) for each in founds]
    return Pooled(parts[0].arm, parts[0].seed, together, float(np.mean(within)), ink)


def in_the_order_of_testing(data: Prepared, parts: Sequence[Prepared]) -> Prepared:
    """All images of a data set, in the order in which the folds test them."""
    places = [np.flatnonzero((part.samples.split == "test").to_numpy()) for part in parts]
    return data.take(np.concatenate(places))


def table_of(pooled: Sequence[Pooled], controls: Mapping[str, str], whole: Prepared) -> pd.DataFrame:
    """One row an arm and seed: every metric over all images.

    Args:
        pooled: of `train_folds`.
        controls: arm -> the arm whose number of false alarms it is allowed, over all folds together.
        whole: of `in_the_order_of_testing`.
    """
    rarest = whole.classes.index(whole.rare[0])
    scores = {(each.arm, each.seed): measure(each.found, whole) for each in pooled}
    rows = []
    for each in pooled:
        allowed = int(scores[controls.get(each.arm, each.arm), each.seed]["false_alarms"])
        by_alarms = recall_by_false_alarms(each.found.labels, each.found.probabilities, rarest)
        more = {EQUAL_RECALL: by_alarms[allowed], "rare_auc_in_folds": each.fold_auc}
        rows.append({"arm": each.arm, "seed": each.seed} | scores[each.arm, each.seed] | more | each.ink)
    return pd.DataFrame(rows)


def answers_of(pooled: Sequence[Pooled], whole: Prepared) -> tuple[dict[str, Answers], Images]:
    """The same as arm -> answers of all its seeds, for `carekit.research.studies.resampling.differences`."""
    rarest = whole.classes.index(whole.rare[0])
    arms = dict.fromkeys(each.arm for each in pooled)
    found = {}
    for arm in arms:
        own = sorted((each for each in pooled if each.arm == arm), key=lambda each: each.seed)
        inside = np.stack([_inside(each.found, whole, rarest) for each in own])  # (s, n)
        found[arm] = Answers(np.stack([each.found.probabilities for each in own]), inside)
    return found, Images(whole.labels, whole.samples.group.to_numpy(), rarest)


def _inside(found: Predictions, whole: Prepared, rarest: int) -> np.ndarray:
    """Of each image the share of attention inside the box; NaN but for the rarest class's images with a box."""
    seen = judged(found, whole)
    rows = [i for i in np.flatnonzero(whole.labels == rarest) if len(whole.boxes_of(i))]
    inside = np.full(len(whole), np.nan)
    inside[rows] = np.nan_to_num(attention_inside(seen.maps, seen.m_in))
    return inside
