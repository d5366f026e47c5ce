"""Real photographs: every image tested once, in a cross-validation whose parts share no lesion."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from carekit.data.prepared import Prepared
from carekit.experiment import PRETRAINED, Arm, compare, load_model, predictions
from carekit.experiment.evaluation import Predictions, judged, measure
from carekit.material.drawing.marks import plant_shortcut
from carekit.method.metrics import EQUAL_RECALL, attention_inside, class_auc, recall_by_false_alarms
from carekit.research.setting.setting import ELSEWHERE, Setting
from carekit.research.studies.condition import MISLED, Condition
from carekit.research.studies.engine import ink_counts
from carekit.research.studies.resampling import Answers, Images


@runtime_checkable
class Trainable(Protocol):
    """What says how it is trained: a row of a table, or a setting that is tried."""

    def arm(self, here: Condition) -> Arm:
        """The arm of an experiment under this condition."""


class Pooled(NamedTuple):
    """The answers of one arm and seed to all images, each judged by the model of the fold that did not train on it.

    fold_auc: the rare class's AUC within each fold, averaged. ink: the counts of all folds together.
    """

    arm: str
    seed: int
    answers: Predictions
    fold_auc: float
    ink: dict[str, int]


def fold_conditions(
    lesson: Setting, parts: Sequence[Prepared], condition: str, shortcut: float = 0.95
) -> list[Condition]:
    """One condition a fold; if the mark misleads, it is planted on the training images of this fold.

    Args:
        lesson: its parameters and its profile are those of all folds.
        parts: of `carekit.research.studies.folds.folds`.
        condition: "no mark" or "mark".
        shortcut: share of the rarest class's training images with the mark.
    """
    folds = []
    for part in parts:
        if condition == MISLED:
            part = plant_shortcut(part, lesson.mark, shortcut=shortcut, elsewhere=ELSEWHERE)
        folds.append(Condition(replace(lesson, data=part), condition))
    return folds


def train_folds(folds: Sequence[Condition], rows: Mapping[str, Trainable], seeds: Sequence[int]) -> list[Pooled]:
    """Train and test every row in every fold, and put the folds together: one result an arm and seed."""
    answers: dict[tuple[str, int], list[Predictions]] = {}
    inks = []
    for number, fold in enumerate(folds, 1):
        print(f"{fold.condition}, fold {number} of {len(folds)}", flush=True)
        data, profile = fold.lesson.data, fold.lesson.profile
        arms = {name: row.arm(fold) for name, row in rows.items()}
        runs = [run for run in compare(data, profile, arms, seeds) if run.arm != PRETRAINED]
        inks.append(ink_counts(runs, fold.lesson))
        for run in runs:
            of_fold = predictions(load_model(run, data, profile), fold.lesson.test, profile)
            answers.setdefault((run.arm, run.seed), []).append(of_fold)
    # Every fold has the same runs in the same order, so the counts add up row by row.
    ink = sum(inks[1:], inks[0]).to_dict("records")
    rarest = folds[0].lesson.data.classes.index(folds[0].lesson.rare)
    pooled = []
    for (arm, seed), of_folds, counts in zip(answers, answers.values(), ink, strict=True):
        aucs = [class_auc(fold.labels, fold.probabilities, rarest) for fold in of_folds]
        together = Predictions(
            probabilities=np.concatenate([fold.probabilities for fold in of_folds]),
            labels=np.concatenate([fold.labels for fold in of_folds]),
            maps=np.concatenate([fold.maps for fold in of_folds]),
        )
        pooled.append(Pooled(arm, seed, together, float(np.mean(aucs)), counts))
    return pooled


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
    scores = {(run.arm, run.seed): measure(run.answers, whole) for run in pooled}
    rows = []
    for run in pooled:
        # The control's false alarms over all folds together, with the same seed.
        allowed = int(scores[controls.get(run.arm, run.arm), run.seed]["false_alarms"])
        by_alarms = recall_by_false_alarms(run.answers.labels, run.answers.probabilities, rarest)
        more = {EQUAL_RECALL: by_alarms[allowed], "rare_auc_in_folds": run.fold_auc}
        rows.append({"arm": run.arm, "seed": run.seed} | scores[run.arm, run.seed] | more | run.ink)
    return pd.DataFrame(rows)


def answers_of(pooled: Sequence[Pooled], whole: Prepared) -> tuple[dict[str, Answers], Images]:
    """The same as arm -> answers of all its seeds, for `carekit.research.studies.resampling.differences`."""
    rarest = whole.classes.index(whole.rare[0])
    by_arm: dict[str, list[Pooled]] = {}
    for run in pooled:
        by_arm.setdefault(run.arm, []).append(run)
    answers = {}
    for arm, runs in by_arm.items():
        # Seeds in one order for all arms, so that differences are paired by seed.
        runs = sorted(runs, key=lambda run: run.seed)
        inside = np.stack([_inside(run.answers, whole, rarest) for run in runs])  # (s, n)
        answers[arm] = Answers(np.stack([run.answers.probabilities for run in runs]), inside)
    return answers, Images(whole.labels, whole.samples.group.to_numpy(), rarest)


def _inside(answers: Predictions, whole: Prepared, rarest: int) -> np.ndarray:
    """Of each image the share of attention inside the box; NaN but for the rarest class's images with a box."""
    # Attention is judged where there is a box to judge by.
    seen = judged(answers, whole)
    rows = [i for i in np.flatnonzero(whole.labels == rarest) if len(whole.boxes_of(i))]
    inside = np.full(len(whole), np.nan)
    inside[rows] = np.nan_to_num(attention_inside(seen.maps, seen.m_in))
    return inside
