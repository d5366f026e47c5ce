"""Over many drawn data sets, not one: what CARE gains, what any box gains, and what the true box adds.

The spread of a gain over drawn sets is about twelve times that over training seeds on one set, so only an interval over
sets holds for a set that was not drawn yet. Each set has its own training and test images and one training seed.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from carekit.experiment import Arm, sidecar
from carekit.experiment.box_sources import Outside, Random, Shuffled
from carekit.method.metrics import EQUAL_RECALL, mean_and_half_width
from carekit.objectives import Care
from carekit.paper import DEFAULTS
from carekit.research.studies.condition import SHORTCUT, open_condition
from carekit.research.studies.engine import compare_arms

NAME = "drawn_sets"
ABOUT = "CARE, true boxes and wrong ones over many drawn skin sets, one training seed each: interval over sets"
SETS = 12
FEWEST = 10  # sets for a verdict
FIRST_SEED = 101  # set 0 is the lessons' own, on which their λ was chosen
CONTROL, TRUE = "control", "CARE"
WRONG = {"another image's box": Shuffled(), "random box": Random(), "box outside the lesion": Outside()}

# The claims that are tested as one family, fixed before the sets were drawn: (arm, compared with, metric).
CLAIMS = [
    (TRUE, CONTROL, EQUAL_RECALL),
    *((TRUE, wrong, EQUAL_RECALL) for wrong in WRONG),
    ("box outside the lesion", CONTROL, EQUAL_RECALL),
    (TRUE, "random box", "attention_inside"),
]
DESCRIBED = ("rare_recall", EQUAL_RECALL, "rare_auc", "mca", "attention_inside", "ink_others_turned")
MARGIN = 0.03  # nine of the 300 test images of the rare class: what a clinic would not notice in a year
HIGHER, LOWER, NEAR, OPEN, NO_CLAIM = "higher", "lower", "within the margin", "undecided", "described"


def arms() -> dict[str, Arm]:
    """The same second stage without attention, with the true boxes and with three kinds of wrong ones; λ = 1."""
    care = Care(alpha=DEFAULTS.alpha, tau=DEFAULTS.tau, lam=DEFAULTS.lam)
    wrong = {name: Arm(care, boxes) for name, boxes in WRONG.items()}
    return {CONTROL: Arm(care.control()), TRUE: Arm(care), **wrong}


def run_drawn_sets(options: Mapping[str, Any], *, sets: int = SETS, out: Path | None = None) -> list[Path]:
    """Draw, train and test set after set; write `drawn_sets` (a row a run) and `drawn_sets_gains` (a row a comparison).

    Runs that are finished are found again, so a study that was stopped resumes.

    Args:
        options: parameters of the lessons; `profile` decides the size.
        sets: how many data sets, 3 or more.
        out: folder of the results; None: `results`.

    Raises:
        ValueError: for fewer than three sets, which give no interval.
    """
    if sets < 3:
        raise ValueError(f"{sets} sets give no interval over sets: choose 3 or more, {SETS} for a verdict")
    started = time.perf_counter()
    tables, last = [], None
    for condition, share in SHORTCUT.items():
        for number in range(sets):
            print(f"{condition}, set {number + 1} of {sets}", flush=True)
            drawn = {"data": "synthetic", "seed": FIRST_SEED + number, "seeds": 1, "shortcut": share}
            last = open_condition(dict(options) | drawn, condition).lesson
            table = compare_arms(last, arms(), dict.fromkeys(arms(), CONTROL), last.seeds)
            tables.append(table.assign(condition=condition, set=FIRST_SEED + number))
    assert last is not None
    runs = pd.concat(tables, ignore_index=True)
    notes: dict[str, Any] = {
        "profile": last.profile.name,
        "sets": sets,
        "how": "one training seed a set; Student's t over the sets' paired differences; recall at equal false alarms "
        "is at the control's number of them in the same set; p of the claims is Holm's, over both conditions",
    }
    seconds = time.perf_counter() - started
    written = {NAME: runs, f"{NAME}_gains": gains(runs)}
    return [sidecar.write(name, t, data=[last.data], seconds=seconds, out=out, **notes) for name, t in written.items()]


def gains(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a condition and comparison: mean difference over the sets, its 95 % interval, and a verdict.

    Args:
        runs: `condition`, `set`, `arm` and the metrics, as `run_drawn_sets` writes them.

    Returns:
        condition, arm, against, metric, difference, low, high, sets, p (two-sided t test), p_holm of the claims, and
        verdict: "described" for what is no claim; "higher" or "lower" where Holm's p is below 0.05; "within the
        margin" where the 90 % interval is inside ±`MARGIN` (two one-sided tests at 5 %); else, and for fewer than
        `FEWEST` sets, "undecided".
    """
    pairs = dict.fromkeys([*CLAIMS, *((arm, CONTROL, metric) for arm in (TRUE, *WRONG) for metric in DESCRIBED)])
    rows = []
    for condition, group in runs.groupby("condition", sort=False):
        for arm, against, metric in pairs:
            wide = group.pivot(index="set", columns="arm", values=metric)
            differences = (wide[arm] - wide[against]).to_numpy(float)
            place = {"condition": condition, "arm": arm, "against": against, "metric": metric}
            rows.append(place | _over_sets(differences) | {"claim": (arm, against, metric) in CLAIMS})
    table = pd.DataFrame(rows)
    table["p_holm"] = _holm(table.p.where(table.claim))
    table["verdict"] = [_verdict(row) if row.claim else NO_CLAIM for row in table.itertuples()]
    return table.drop(columns=["claim", "low90", "high90"])


def _over_sets(differences: np.ndarray) -> dict[str, float]:
    """Mean, Student's 95 % and 90 % intervals, and the two-sided p of paired differences, one a set."""
    mean, half = mean_and_half_width(differences)
    _, half90 = mean_and_half_width(differences, 0.90)
    # Differences that are all equal have no spread to test by: they are certain.
    p = float(stats.ttest_1samp(differences, 0).pvalue) if half else float(mean == 0)
    ends = {"low": mean - half, "high": mean + half, "low90": mean - half90, "high90": mean + half90}
    return {"difference": mean, **ends, "sets": len(differences), "p": p}


def _holm(p: pd.Series) -> pd.Series:
    """Holm's step-down p values of those that are given; NaN stays NaN."""
    ordered = p.dropna().sort_values()
    steps = ordered * np.arange(len(ordered), 0, -1)
    return steps.cummax().clip(upper=1).reindex(p.index)


def _verdict(row: Any) -> str:
    if row.sets < FEWEST:
        return f"{OPEN}: {row.sets} sets, of {FEWEST} that a verdict needs"
    if row.p_holm < 0.05:
        return HIGHER if row.difference > 0 else LOWER
    return NEAR if -MARGIN < row.low90 and row.high90 < MARGIN else OPEN


def in_words(table: pd.DataFrame) -> str:
    """The claims, one line each, in points."""
    claims = table[table.verdict != NO_CLAIM]
    points = (100 * claims[["difference", "low", "high"]]).round(1).astype(str).agg(" ".join, axis=1).str.split()
    rows = zip(claims.itertuples(), points, strict=True)
    return "\n".join(
        f"  {row.verdict:18} {row.condition}: {row.arm} - {row.against}, {row.metric}: {mean} ({low} to {high})"
        for row, (mean, low, high) in rows
    )
