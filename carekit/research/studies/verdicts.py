"""The verdict on a claimed direction, by a paired test over seeds: holds, does not, or undecided."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from carekit.experiment.sidecar import Results
from carekit.ground.messages import one_of
from carekit.method.metrics import mean_and_half_width
from carekit.paper import Claim
from carekit.research.studies.catalogue import STUDIES

HOLDS, FAILS, OPEN = "holds", "does not", "undecided"
WORTH = 0.01  # a gain of less than a point is none
ALIKE = 0.02  # what differs by less than two points is similar
MOST = 14  # seeds for which all ways to give signs are tried
RELATIONS = ("above", "below", "similar")


class Verdict(NamedTuple):
    """A verdict and what it rests on: the mean difference over n seeds, its 95 % interval, and the p-value of an exact
    sign-flip test, which can be no smaller than `least_p(n)`."""

    verdict: str
    difference: float
    low: float
    high: float
    p: float
    n: int


def decide(relation: str, low: float, high: float) -> str:
    """The verdict of a 95 % interval of a difference, arm minus control.

    A direction holds where the whole interval is on its side of zero; it does not where the whole interval is on
    the other side, or where all of it is less than `WORTH` in that direction. "similar" holds where the whole interval
    lies within `ALIKE` of zero, and does not where none of it does. Else, and without an interval, it is undecided.

    Raises:
        ValueError: for an unknown relation.
    """
    one_of("relation", relation, RELATIONS)
    if not np.isfinite([low, high]).all():
        return OPEN
    if relation == "similar":
        if -ALIKE <= low and high <= ALIKE:
            return HOLDS
        return FAILS if low > ALIKE or high < -ALIKE else OPEN
    if relation == "below":
        low, high = -high, -low
    if low > 0:
        return HOLDS
    return FAILS if high < WORTH else OPEN


def verdict_of(differences: ArrayLike, relation: str) -> Verdict:
    """A claimed relation, judged by paired differences, one a seed; undecided where all of them are equal.

    Args:
        differences: arm minus control, n >= 1 numbers.
        relation: "above", "below" or "similar".

    Raises:
        ValueError: for an unknown relation or no difference.
    """
    values = np.asarray(differences, dtype=float)
    if not len(values):
        raise ValueError("there is no difference to judge by: give one for each seed")
    mean, half = mean_and_half_width(values)
    spread = len(set(values.tolist())) > 1  # differences that are all equal do not show how far they could vary
    verdict = decide(relation, mean - half, mean + half) if spread else OPEN
    return Verdict(verdict, mean, mean - half, mean + half, sign_flip_p(values), len(values))


def sign_flip_p(values: ArrayLike) -> float:
    """Two-sided p-value: among all ways to give the differences' sizes a sign, the share with a mean as far from 0.

    NaN for more than `MOST` seeds, where there are too many ways, and for differences that do not exist.
    """
    values = np.asarray(values, dtype=float)
    if len(values) == 1:
        return 1.0
    if len(values) > MOST or not np.isfinite(values).all():
        return float("nan")
    # With so many resamples scipy tries all ways to give signs: the test is exact.
    test = stats.permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=2**MOST, vectorized=True, axis=0
    )
    return float(min(1.0, test.pvalue))


def least_p(n: int) -> float:
    """The smallest p-value that n seeds can give: with fewer than six, the test alone can never reach 0.05."""
    return 2 / 2**n


def paired(table: pd.DataFrame, arm: str, control: str, metric: str) -> pd.Series:
    """Arm minus control, one a seed, of tidy rows of one data set and condition."""
    wide = table.pivot(index="seed", columns="arm", values=metric)
    return (wide[arm] - wide[control]).dropna()


def judge_claims(table: pd.DataFrame, claims: Iterable[Claim]) -> pd.DataFrame:
    """One row a claim and condition that the results can speak of.

    Args:
        table: tidy rows of one study, under the names that its claims use.
        claims: the study's.

    Returns:
        where, data, condition, metric, arm, relation, control, printed (the paper's own difference, None where it
        prints none), and the fields of `Verdict`.
    """
    rows = []
    for claim in claims:
        # A claim is judged once a condition: without and with the mark.
        for condition, group in table[table.data == claim.data].groupby("condition", sort=False):
            arms = set(group.arm)
            if {claim.arm, claim.control} <= arms and claim.metric in group:
                differences = paired(group, claim.arm, claim.control, claim.metric)
                if len(differences):
                    about = claim._asdict() | {"condition": condition, "printed": claim.printed}
                    rows.append(about | verdict_of(differences, claim.relation)._asdict())
    columns = [*Claim._fields, "condition", "printed", *Verdict._fields]
    return pd.DataFrame(rows, columns=columns)


def all_verdicts(results: Mapping[str, Results]) -> pd.DataFrame:
    """One row a claim and condition, of all these studies' results: see `judge_claims`."""
    parts = [judge_claims(pd.DataFrame(columns=["data"]), [])]
    for name, (table, _) in results.items():
        parts.append(judge_claims(STUDIES[name].as_claimed(table), STUDIES[name].claims))
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]


def counted(verdicts: pd.DataFrame) -> pd.DataFrame:
    """How many claims hold, do not, and are undecided: a row a table or figure, a column a condition and verdict."""
    wide = verdicts.pivot_table(
        index="where", columns=["condition", "verdict"], values="n", aggfunc="count", sort=False
    )
    columns = pd.MultiIndex.from_product([verdicts.condition.unique(), (HOLDS, FAILS, OPEN)])
    return wide.reindex(columns=columns).fillna(0).astype(int)
