"""Results in words, from the numbers."""

from collections.abc import Mapping

import pandas as pd
from scipy.stats import binomtest

from carekit.method.metrics import label_of


def differences(table: pd.DataFrame) -> str:
    """One line for each row of `experiment.paired_difference`: up, down, or not to be told from chance."""
    return "\n".join(_one(label_of(name), row["difference"], row["±"]) for name, row in table.iterrows())


def ink(table: pd.DataFrame, rare: str, mark: str) -> str:
    """The ink test in one sentence an arm, from `lessons.ink_test`: whole counts, one for each seed."""
    others = int(table.others.iloc[0])
    lines = [f"The mark ({mark}) drawn on {others} test images of other diseases; so many become {rare} (each seed):"]
    for arm, group in table.groupby("arm", sort=False):
        turned, before = (", ".join(map(str, group[name])) for name in ("others_turned", "others_called_rare"))
        lines.append(f"{arm}: {turned} (called {rare} without the mark: {before}).")
    return "\n".join(lines)


def listed(numbers: Mapping[str, object]) -> str:
    """Names with their numbers: "nv 60, df 27"."""
    return ", ".join(f"{name} {number}" for name, number in numbers.items())


def found_of(scores: pd.DataFrame, rare: str, tested: int) -> str:
    """Whole counts of the rare class's test images that each run finds, and how sure so few of them make it.

    Args:
        scores: of `experiment.scores`.
        rare: the class.
        tested: how many test images it has.
    """
    lines = []
    for arm, group in scores.groupby("arm", sort=False):
        found = (group.rare_recall * tested).round().astype(int).tolist()
        interval = binomtest(sorted(found)[len(found) // 2], tested).proportion_ci()  # Clopper and Pearson's
        between = f"by so few, the share of all may lie between {interval.low:.2f} and {interval.high:.2f}"
        lines.append(f"{arm}: {', '.join(map(str, found))} of {tested} {rare} found (each seed); {between}.")
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
    verdict = "up" if difference - half > 0 else "down" if difference + half < 0 else "not to be told from chance"
    return f"{name}: {difference:+.3f} ± {half:.3f}, {verdict}."
