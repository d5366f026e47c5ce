"""Which setting of CARE gains most on the training lesions of real photographs, and what it gains on lesions that had
no say in the choice."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from carekit.experiment import Arm
from carekit.experiment.box_sources import BoxSource, Random, Shuffled, Truth
from carekit.objectives import Care
from carekit.research.setting.setting import Setting
from carekit.research.studies.condition import CLEAN, Condition
from carekit.research.studies.cross_validation import (
    answers_of,
    fold_conditions,
    in_the_order_of_testing,
    table_of,
    train_folds,
)
from carekit.research.studies.folds import folds
from carekit.research.studies.ham10000 import HOW, opened, write_tables
from carekit.research.studies.resampling import differences
from carekit.research.studies.treatments import rarest_classes

NAME = "ham10000_settings"
CHOSEN = "ham10000_chosen"
ABOUT = "real photographs: the setting of CARE chosen on training lesions, and what it gains on the test lesions"
CRITERION = "rare_auc"  # of all thresholds: it tells settings apart by fewer images than a recall does
SEARCH_SEEDS = 2
CONTROL = "control"


@dataclass(frozen=True)
class Candidate:
    """A setting that is tried; None is the profile's.

    Args:
        care: the objective.
        classes: how many of the rarest classes show boxes.
        epochs: how much longer or shorter the second stage is, as a factor.
        lr: how much larger its learning rate is, as a factor.
        backbone: a name of `carekit.networks.BACKBONES`, for a map of another layer.
        boxes: where the boxes come from.
    """

    care: Care = field(default_factory=Care)
    classes: int = 1
    epochs: float = 1.0
    lr: float = 1.0
    backbone: str | None = None
    boxes: BoxSource = field(default_factory=Truth)

    def stage(self) -> tuple[float, float, str | None]:
        """What its control has in common with it."""
        return self.epochs, self.lr, self.backbone

    def control(self) -> "Candidate":
        """The same second stage without attention."""
        # Without attention neither boxes nor classes matter: one value each, so that equal runs are trained once.
        return replace(self, care=self.care.control(), classes=1, boxes=Truth())

    def on(self, here: Condition) -> Condition:
        """The same data, with this setting's second stage and network."""
        here = here.with_backbone(self.backbone)
        profile = here.lesson.profile
        stage = profile.finetune
        stage = replace(stage, epochs=max(1, round(stage.epochs * self.epochs)), lr=stage.lr * self.lr)
        return replace(here, lesson=replace(here.lesson, profile=replace(profile, finetune=stage)))

    def arm(self, here: Condition) -> Arm:
        """The arm of an experiment under this condition."""
        return Arm(self.care, self.boxes, tuple(rarest_classes(here.lesson, self.classes)))


SETTINGS = {
    "the paper's": Candidate(),
    "α = 0.2": Candidate(Care(alpha=0.2)),
    "α = 0.8": Candidate(Care(alpha=0.8)),
    "τ = 0.3": Candidate(Care(tau=0.3)),
    "τ = 0.5": Candidate(Care(tau=0.5)),
    "τ = 1": Candidate(Care(tau=1.0)),
    "λ = 0.3": Candidate(Care(lam=0.3)),
    "λ = 3": Candidate(Care(lam=3.0)),
    "half the epochs": Candidate(epochs=0.5),
    "twice the epochs": Candidate(epochs=2.0),
    "learning rate / 3": Candidate(lr=1 / 3),
    "boxes of three classes": Candidate(classes=3),
    "three classes, each counting alike": Candidate(Care(average="class"), classes=3),
    "HiResCAM": Candidate(Care(method="hires_cam")),
    "LayerCAM": Candidate(Care(method="layer_cam")),
    "second order": Candidate(Care(second_order=True)),
    "a finer map": Candidate(backbone="efficientnet_lite0_fine"),
}


def search(lesson: Setting, settings: Mapping[str, Candidate], seeds: Sequence[int], count: int) -> pd.DataFrame:
    """Every setting against the same second stage without attention, by cross-validation on the training images.

    Args:
        lesson: its test images are not looked at.
        settings: name -> what is tried.
        seeds: runs of each setting in each fold.
        count: folds.

    Returns:
        One row a setting and seed: its metrics over all training images, each judged by the models of the fold that
        did not train on it, and `gain`, the difference to its control in `CRITERION`.
    """
    train = lesson.data.split("train")
    parts = folds(train, count)
    whole = in_the_order_of_testing(train, parts)
    conditions = fold_conditions(lesson, parts, CLEAN)
    tables = []
    # Settings with the same second stage share one control, which is trained once.
    for stage in dict.fromkeys(setting.stage() for setting in settings.values()):
        rows = {name: setting for name, setting in settings.items() if setting.stage() == stage}
        rows[CONTROL] = next(iter(rows.values())).control()
        pooled = train_folds([rows[CONTROL].on(here) for here in conditions], rows, seeds)
        table = table_of(pooled, dict.fromkeys(rows, CONTROL), whole)
        control = table[table.arm == CONTROL].set_index("seed")[CRITERION]
        # Paired by seed with the control of the same stage.
        table["gain"] = table[CRITERION] - table.seed.map(control)
        tables.append(table[table.arm != CONTROL])
    return pd.concat(tables, ignore_index=True)


def report(lesson: Setting, setting: Candidate, seeds: Sequence[int]) -> pd.DataFrame:
    """The chosen setting on the test images: differences to its control, to shuffled and to random boxes."""
    rows = {
        "CARE": setting,
        CONTROL: setting.control(),
        "shuffled boxes": replace(setting, boxes=Shuffled()),
        "random boxes": replace(setting, boxes=Random()),
    }
    pooled = train_folds([setting.on(Condition(lesson, CLEAN))], rows, seeds)
    answers, images = answers_of(pooled, in_the_order_of_testing(lesson.data, [lesson.data]))
    # Against the control, and true boxes against wrong ones.
    pairs = [(arm, CONTROL) for arm in rows if arm != CONTROL]
    pairs += [("CARE", arm) for arm in rows if arm.endswith("boxes")]
    return differences(answers, dict.fromkeys(rows, CONTROL), pairs, images)


def run_settings(
    options: Mapping[str, Any],
    *,
    seeds: Sequence[int],
    count: int = 3,
    most: int | None = None,
    out: Path | None = None,
    settings: Mapping[str, Candidate] = SETTINGS,
) -> list[Path]:
    """Search on the training part, report once on the test part, and write `ham10000_settings` and `ham10000_chosen`.

    Args:
        options: parameters of the lessons: data, a prepared folder split by lesion, and profile.
        seeds: of the report; the search takes the first `SEARCH_SEEDS` of them.
        count: folds of the search.
        most: the most images of each class; None for all.
        out: folder of the results.
        settings: what is tried.

    Raises:
        ValueError, OSError: for data that cannot be opened or split.
    """
    started = time.perf_counter()
    lesson = opened(options, most)
    tried = search(lesson, settings, seeds[:SEARCH_SEEDS], count)
    gains = tried.groupby("arm", sort=False)["gain"].mean().sort_values(ascending=False)
    best = str(gains.index[0])
    # The test lesions are looked at once, with the one setting that was chosen.
    chosen = report(lesson, settings[best], seeds)
    about = {"data": "skin", "set": lesson.data.facts["name"], "condition": CLEAN}
    return write_tables(
        {NAME: tried.assign(**about), CHOSEN: chosen.assign(setting=best, **about)},
        lesson.data,
        started,
        out,
        folds=count,
        most_per_class=most,
        seeds=list(seeds),
        search_seeds=list(seeds[:SEARCH_SEEDS]),
        profile=lesson.profile.name,
        criterion=CRITERION,
        chosen=best,
        chosen_gain=float(gains.iloc[0]),
        how=HOW,
    )
