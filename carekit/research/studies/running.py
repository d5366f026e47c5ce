"""A study from its name to its results on disk."""

import time
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from carekit.experiment import sidecar as results
from carekit.research.studies.condition import Condition, conditions
from carekit.research.studies.study import Study

FIRST = ("study", "data", "set", "condition", "arm", "backbone", "seed")
CONDITIONS = (
    "no mark: the rare class has the mark no more often than others; mark: 95 % of its training images have it. "
    "Recall at equal false alarms is at the control's number of them."
)


def run_studies(
    studies: Sequence[Study],
    options: Mapping[str, Any],
    *,
    seeds: Sequence[int],
    out: Path | None = None,
    segmentation: str | None = None,
) -> list[Path]:
    """Run studies one after the other, and write each one's results as soon as it is done.

    Args:
        studies: runs that are equal in several of them are trained once.
        options: see `carekit.research.studies.condition.conditions`.
        seeds: one run of each arm for each.
        out: folder of the results; None: `results`.
        segmentation: weights of a segmentation for real images.

    Returns:
        The tables that were written.

    Raises:
        ValueError, OSError: as `carekit.experiment.compare` and `carekit.research.studies.condition.conditions`.
    """
    kinds = list(dict.fromkeys(chain.from_iterable(study.kinds for study in studies)))  # each once, in order
    under = conditions(kinds, dict(options), segmentation)
    return [run_study(study, under, options, seeds, out) for study in studies]


def run_study(
    study: Study, under: Sequence[Condition], options: Mapping[str, Any], seeds: Sequence[int], out: Path | None
) -> Path:
    """Run one study under those conditions that are about its kinds of images, and write its results."""
    started = time.perf_counter()
    print(f"{study.where}: {study.about}", flush=True)
    mine = [here for here in under if here.kind in (*study.kinds, "")]
    if not mine:
        raise ValueError(f"study {study.name} is about {' and '.join(study.kinds)} images: these are others")
    # All conditions in one table: their names are columns.
    parts = [study.run(here, seeds).assign(study=study.name, **here.about()) for here in mine]
    table = pd.concat(parts, ignore_index=True)
    # What identifies a run comes first; not every study has all of it.
    first = [name for name in FIRST if name in table]
    table = table[first + [name for name in table if name not in first]]
    lesson = mine[0].lesson
    # Results on other images never replace those on the drawn sets.
    name = study.name
    if not lesson.drawn:
        name += f"-{lesson.data.facts['name']}"
    path = results.write(
        name,
        table,
        data=[here.lesson.data for here in mine],
        seconds=time.perf_counter() - started,
        out=out,
        where=study.where,
        about=study.about,
        profile=lesson.profile.name,
        seeds=list(seeds),
        options=dict(options),
        conditions=CONDITIONS,
    )
    print(f"{study.where}: {len(table)} rows in {path}", flush=True)
    return path
