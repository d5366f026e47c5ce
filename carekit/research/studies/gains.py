"""Gains of arms over their controls, as a table and in sentences."""

from collections.abc import Mapping, Sequence

import pandas as pd

from carekit.experiment import paired_difference
from carekit.research.figures.labels import TURNED, label_of

LESS_IS_BETTER = (TURNED, "false_alarms")


def gains(table: pd.DataFrame, controls: Mapping[str, str], metrics: Sequence[str]) -> pd.DataFrame:
    """The gain of each arm over its control, seed by seed.

    Args:
        table: one row an arm and seed, of `engine.compare_arms`.
        controls: arm -> control.
        metrics: columns of the table.

    Returns:
        One row an arm of `controls` that the table holds; columns (metric, "mean") and (metric, "±"), as
        `carekit.experiment.summary` has them.
    """
    rows = {}
    for arm, control in controls.items():
        if arm in set(table.arm):  # a stored table may leave out arms that need the images themselves
            difference = paired_difference(table, arm, control, metrics)
            means = {(metric, "mean"): difference.loc[metric, "difference"] for metric in metrics}
            halves = {(metric, "±"): difference.loc[metric, "±"] for metric in metrics}
            rows[arm] = means | halves
    columns = pd.MultiIndex.from_product([metrics, ("mean", "±")])
    return pd.DataFrame(rows, index=columns).T


def verdict(gained: pd.DataFrame, metric: str) -> str:
    """One sentence: for which arms a metric is up, for which down, and for how many chance may explain the gain.

    Args:
        gained: of `gains`.
        metric: one of its metrics.
    """
    # An interval that does not hold zero is on one side of it; NaN, of one seed, is on no side.
    mean, half = gained[metric, "mean"], gained[metric, "±"]
    parts, sure = [], 0
    for direction, arms in (("up", gained.index[mean - half > 0]), ("down", gained.index[mean + half < 0])):
        sure += len(arms)
        if len(arms):
            parts.append(f"{direction} for {', '.join(_alone(arm) for arm in arms)}")
    if sure < len(gained):
        parts.append(f"not to be told from chance for {len(gained) - sure} of {len(gained)}")
    name = label_of(metric)
    return f"{name[0].upper()}{name[1:]}: {'; '.join(parts)}."


def harm(gained: pd.DataFrame, metrics: Sequence[str]) -> str:
    """Where the gains are losses beyond chance: a sentence for each metric with a loss, or one that says none.

    More false alarms, and more images that a mark turns, are losses, too. One seed has no intervals, and says so.
    """
    if gained.xs("±", axis=1, level=1).isna().all(axis=None):
        return "Not to be told from one seed."
    sentences = []
    for metric in metrics:
        mean = gained[metric, "mean"]
        better = mean
        if metric in LESS_IS_BETTER:
            better = -mean
        # Even the upper end of the interval is a loss.
        worse = mean[better + gained[metric, "±"] < 0]
        if len(worse):
            losses = ", ".join(f"{_alone(arm)} ({value:+.2f})" for arm, value in worse.items())
            sentences.append(f"{label_of(metric).capitalize()}: {losses}.")
    return " ".join(sentences) or "Nowhere is a loss larger than chance would make it."


def _alone(arm: str) -> str:
    return arm.removesuffix(" + CARE")
