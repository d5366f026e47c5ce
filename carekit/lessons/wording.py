"""Results in words, from the numbers."""

import pandas as pd

from carekit.metrics import label_of


def differences(table: pd.DataFrame) -> str:
    """One line for each row of `experiment.paired_difference`: up, down, or not to be told from chance."""
    return "\n".join(_one(label_of(name), row["difference"], row["±"]) for name, row in table.iterrows())


def _one(name: str, difference: float, half: float) -> str:
    name = name[0].upper() + name[1:]
    if pd.isna(half):
        return f"{name}: {difference:+.3f} in a single run, which says nothing about chance."
    verdict = "up" if difference - half > 0 else "down" if difference + half < 0 else "not to be told from chance"
    return f"{name}: {difference:+.3f} ± {half:.3f}, {verdict}."
