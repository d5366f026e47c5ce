"""Results in words, from the numbers."""

from collections.abc import Mapping

import pandas as pd
from scipy.stats import binomtest

from carekit.research.figures.labels import label_of


def interval(mean: float, half: float, digits: int = 3, sign: str = "") -> str:
    """A mean with half its 95 % interval, "0.700 ± 0.020"; the mean alone if there is no interval; "–" if no mean.

    Args:
        mean, half: of any unit.
        digits: behind the point.
        sign: "+" for a difference, whose sign is always shown.
    """
    if pd.isna(mean):
        return "–"
    text = f"{mean:{sign}.{digits}f}"
    if pd.notna(half):
        text += f" ± {half:.{digits}f}"
    return text


def differences(table: pd.DataFrame) -> str:
    """One line for each row of `experiment.paired_difference`: up, down, or within chance."""
    return "\n".join(_one(label_of(name), row["difference"], row["±"]) for name, row in table.iterrows())


def ink(table: pd.DataFrame, rare: str, mark: str) -> str:
    """The ink test in one sentence an arm, from `setting.ink_runs.ink_test`: whole counts, one for each seed."""
    others = int(table.others.iloc[0])
    lines = [
        f"The mark ({mark}) drawn on {others} test images of other diseases; those that become {rare}, a number a seed:"
    ]
    for arm, group in table.groupby("arm", sort=False):
        turned = ", ".join(map(str, group.others_turned))
        before = ", ".join(map(str, group.others_called_rare))
        lines.append(f"{arm}: {turned} (called {rare} without the mark: {before}).")
    return "\n".join(lines)


def listed(numbers: Mapping[str, object]) -> str:
    """Names with their numbers: "nv 60, df 27"."""
    return ", ".join(f"{name} {number}" for name, number in numbers.items())


def found_of(scores: pd.DataFrame, rare: str, tested: int) -> str:
    """Whole counts of the rare class's test images that each run finds, and the interval that this number allows.

    Args:
        scores: of `experiment.scores`.
        rare: the class.
        tested: how many test images it has.
    """
    lines = []
    for arm, group in scores.groupby("arm", sort=False):
        hits = (group.rare_recall * tested).round().astype(int).tolist()
        ends = binomtest(sorted(hits)[len(hits) // 2], tested).proportion_ci()  # Clopper and Pearson's, of the median
        between = f"by so few, the share of all may lie between {ends.low:.2f} and {ends.high:.2f}"
        lines.append(f"{arm}: {', '.join(map(str, hits))} of {tested} {rare} found (each seed); {between}.")
    return "\n".join(lines)


def price(clean: float, misled: float, care: float) -> str:
    """What the mark costs the control in recall, and what CARE gives back."""
    return (
        f"The mark costs the ordinary network {100 * (clean - misled):.0f} points of recall; "
        f"CARE gives {100 * (care - misled):.0f} of them back."
    )


def _one(name: str, difference: float, half: float) -> str:
    name = name[0].upper() + name[1:]
    if pd.isna(difference):
        return f"{name}: unknown, since it does not exist for every run."
    if pd.isna(half):
        return f"{name}: {difference:+.3f} in a single run, which says nothing about chance."
    verdict = "not to be told from chance"  # the interval holds zero
    if difference > half:
        verdict = "up"
    if difference < -half:
        verdict = "down"
    return f"{name}: {interval(difference, half, sign='+')}, {verdict}."
