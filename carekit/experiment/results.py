"""Finished runs, and the tables made of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from carekit.data.prepared import Prepared
from carekit.experiment.profiles import Profile
from carekit.method.metrics import EQUAL_RECALL, HEADLINE, mean_and_half_width
from carekit.networks import Backbone, build, checkpoints


@dataclass(frozen=True)
class Run:
    """A finished run.

    Args:
        arm, seed: which run it is.
        scores: every metric on the test set, see `carekit.experiment.evaluation.evaluate`.
        by_false_alarms: see `carekit.method.metrics.recall_by_false_alarms`.
        history: one row an epoch, see `carekit.training.epochs`.
        checkpoint: where its weights are.
        cpu_seconds: what training and evaluation took of one core, since the run was last started.
    """

    arm: str
    seed: int
    scores: dict[str, float]
    by_false_alarms: list[float]
    history: pd.DataFrame
    checkpoint: Path
    cpu_seconds: float


def read_run(checkpoint: Path, arm: str, seed: int) -> Run:
    """The finished run that left this checkpoint."""
    about = checkpoints.read_about(checkpoint)
    return Run(
        arm=arm,
        seed=seed,
        scores=about["scores"],
        by_false_alarms=about["by_false_alarms"],
        history=pd.DataFrame(about["history"]),
        checkpoint=checkpoint,
        cpu_seconds=about["cpu_seconds"],
    )


def load_model(run: Run, data: Prepared, profile: Profile) -> Backbone:
    """The trained model of a run, in evaluation mode."""
    model = build(profile.backbone, len(data.classes))
    checkpoints.load(run.checkpoint, model)
    return model.eval()


def scores(runs: Sequence[Run], control: str | Mapping[str, str] | None = None) -> pd.DataFrame:
    """One row a run: arm, seed, and every metric.

    Args:
        runs: of `compare`.
        control: an arm, or arm -> the arm that is its control, its own where it is not named; the column
            `rare_recall_equal` then has each run's recall of the rare class at the threshold that gives it as many
            false alarms as its control has with the same seed.
    """
    table = pd.DataFrame([{"arm": run.arm, "seed": run.seed} | run.scores for run in runs])
    if control is not None:
        if isinstance(control, str):
            control = {run.arm: control for run in runs}
        # Each run has its recall by number of false alarms: it is read at the control's number, of the same seed.
        allowed = {(run.arm, run.seed): int(run.scores["false_alarms"]) for run in runs}
        table[EQUAL_RECALL] = [run.by_false_alarms[allowed[control.get(run.arm, run.arm), run.seed]] for run in runs]
    return table


def summary(table: pd.DataFrame, metrics: Sequence[str] = HEADLINE) -> pd.DataFrame:
    """Mean and half of the 95 % interval over the seeds, one row an arm, columns (metric, "mean" | "±").

    Below three seeds there is no interval: that of two is wider than most metrics can be, so the two numbers say more.
    """
    rows: dict[Any, dict[tuple[str, str], float]] = {}
    for arm, group in table.groupby("arm", sort=False):
        rows[arm] = {}
        for metric in metrics:
            mean, half_width = mean_and_half_width(group[metric])
            if len(group) < 3:
                half_width = math.nan
            rows[arm] |= {(metric, "mean"): mean, (metric, "±"): half_width}
    return pd.DataFrame(rows).T


def paired_difference(table: pd.DataFrame, arm: str, control: str, metrics: Sequence[str] = HEADLINE) -> pd.DataFrame:
    """What `arm` gains over `control`, seed by seed: mean and half of the 95 % interval of the difference."""
    return _with_half_widths(_gains(table, arm, control, metrics))


def difference_of_differences(
    table: pd.DataFrame, other: pd.DataFrame, arm: str, control: str, metrics: Sequence[str] = HEADLINE
) -> pd.DataFrame:
    """How much more `arm` gains over `control` in one table than in another, seed by seed: mean and half-width.

    That one gain is significant and another is not does not say that they differ; this does.
    """
    gains, other_gains = (_gains(runs, arm, control, metrics) for runs in (table, other))
    return _with_half_widths(gains - other_gains)


def _gains(table: pd.DataFrame, arm: str, control: str, metrics: Sequence[str]) -> pd.DataFrame:
    """What `arm` gains over `control`: a row a seed, a column a metric."""
    wide = table.pivot(index="seed", columns="arm", values=list(metrics))
    # Runs of one seed share their start and their order of images, so that the difference within it is what counts.
    return pd.DataFrame({metric: wide[metric][arm] - wide[metric][control] for metric in metrics})


def _with_half_widths(gains: pd.DataFrame) -> pd.DataFrame:
    pairs = {metric: mean_and_half_width(gains[metric]) for metric in gains}
    return pd.DataFrame(pairs, index=["difference", "±"]).T
