"""HAM10000 by cross-validation: CARE on dermatofibroma, alone and with CSL, without and with a mark that misleads."""

import time
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from carekit.data.prepared import Prepared
from carekit.experiment import sidecar as results
from carekit.experiment.profiles import profile
from carekit.ground import workspace
from carekit.research.setting.parameters import check_parameters
from carekit.research.setting.setting import Setting
from carekit.research.studies.arm_spec import ArmSpec
from carekit.research.studies.condition import CLEAN, MISLED
from carekit.research.studies.cross_validation import (
    answers_of,
    fold_conditions,
    in_the_order_of_testing,
    table_of,
    train_folds,
)
from carekit.research.studies.folds import folds, thinned
from carekit.research.studies.resampling import DRAWS, differences

NAME = "ham10000"
ABOUT = "real photographs by cross-validation: CARE on the rarest class, alone and with CSL, with and without a mark"
ROWS = {
    "baseline": ArmSpec(),
    "CARE": ArmSpec(care=True),
    "CARE, shuffled boxes": ArmSpec(care=True, boxes="shuffled"),
    "CARE, random boxes": ArmSpec(care=True, boxes="random"),
    "CSL": ArmSpec(strategy="weighted"),
    "CSL + CARE": ArmSpec(care=True, strategy="weighted"),
    "CSL + CARE, shuffled boxes": ArmSpec(care=True, strategy="weighted", boxes="shuffled"),
    "CSL + CARE, random boxes": ArmSpec(care=True, strategy="weighted", boxes="random"),
}
_WITH_CARE = [name for name, row in ROWS.items() if row.care]
# The control is the same second stage without attention.
CONTROLS = {name: {"weighted": "CSL", "plain": "baseline"}[ROWS[name].strategy] for name in _WITH_CARE}
_WRONG = product(("CARE", "CSL + CARE"), ("shuffled", "random"))
PAIRS = [*CONTROLS.items(), *((arm, f"{arm}, {boxes} boxes") for arm, boxes in _WRONG)]
HOW = (
    f"every image is tested once, by the models of the fold that did not train on it; differences are over all images, "
    f"averaged over the seeds; 95 % percentile intervals of {DRAWS} draws of lesions (class by class) and of seeds, "
    "with replacement, both arms on the same draw"
)


def run_ham10000(
    options: Mapping[str, Any],
    *,
    seeds: Sequence[int],
    count: int = 5,
    most: int | None = None,
    conditions: Sequence[str] = (CLEAN, MISLED),
    out: Path | None = None,
) -> list[Path]:
    """Train, test, resample, and write `ham10000` (one row a run) and `ham10000_differences`.

    Args:
        options: parameters of the lessons: data, a prepared folder, profile, mark.
        seeds: of weights and order; the folds are the same for all.
        count: folds.
        most: the most images of each class; None for all.
        conditions: "no mark", "mark".
        out: folder of the results.

    Raises:
        ValueError, OSError: for data that cannot be opened or split.
    """
    started = time.perf_counter()
    lesson = opened(options, most)
    parts = folds(lesson.data, count)
    whole = in_the_order_of_testing(lesson.data, parts)
    tables, gains = [], []
    for condition in conditions:
        about = {"study": NAME, "data": "skin", "set": lesson.data.facts["name"], "condition": condition}
        # The mark is planted fold by fold: another fold has other training images.
        pooled = train_folds(fold_conditions(lesson, parts, condition), ROWS, seeds)
        runs = table_of(pooled, CONTROLS, whole)
        tables.append(runs.assign(**about)[[*about, *runs]])
        answers, images = answers_of(pooled, whole)
        gained = differences(answers, CONTROLS, PAIRS, images)
        gains.append(gained.assign(**about)[[*about, *gained]])
    return write_tables(
        {NAME: pd.concat(tables, ignore_index=True), f"{NAME}_differences": pd.concat(gains, ignore_index=True)},
        whole,
        started,
        out,
        folds=count,
        most_per_class=most,
        seeds=list(seeds),
        profile=lesson.profile.name,
        how=HOW,
    )


def opened(options: Mapping[str, Any], most: int | None) -> Setting:
    """The data at the profile's size, with the most images of each class that `most` allows; see `run_ham10000`."""
    parameters = check_parameters({"mark": "ink"} | dict(options))
    chosen = profile(parameters["profile"])
    data = Prepared.open(workspace.resolve(parameters["data"])).resized(chosen.size)
    return Setting(parameters, thinned(data, most), chosen)


def write_tables(
    tables: Mapping[str, pd.DataFrame], data: Prepared, started: float, out: Path | None, **notes: Any
) -> list[Path]:
    """Write the tables of one run, name -> table, with the same notes; `started`: of `time.perf_counter`."""
    seconds = time.perf_counter() - started
    return [
        results.write(name, table, data=[data], seconds=seconds, out=out, **notes) for name, table in tables.items()
    ]
