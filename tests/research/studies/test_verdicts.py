"""Intervals and p-values against computations of their own, and what they decide."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from carekit.paper import Claim
from carekit.research.studies.verdicts import (
    ALIKE,
    FAILS,
    HOLDS,
    OPEN,
    WORTH,
    decide,
    judge_claims,
    least_p,
    sign_flip_p,
    verdict_of,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_the_interval_is_that_of_a_paired_t_test(rng, n):
    arm, control = rng.random(n), rng.random(n)
    found = verdict_of(arm - control, "above")
    expected = stats.ttest_rel(arm, control).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.n == n and found.difference == pytest.approx(arm.mean() - control.mean())


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_the_p_value_counts_all_signs(rng, n):
    values = rng.normal(0.5, 1, n)
    means = [
        np.mean([s * v for s, v in zip(signs, values, strict=True)]) for signs in itertools.product((-1, 1), repeat=n)
    ]
    expected = np.mean([abs(mean) >= abs(np.mean(values)) - 1e-12 for mean in means])
    assert sign_flip_p(values) == pytest.approx(expected)


@pytest.mark.parametrize("n", [2, 5, 6])
def test_no_p_value_is_below_the_least(n):
    assert sign_flip_p(np.arange(1, n + 1)) == pytest.approx(least_p(n))
    assert (least_p(n) < 0.05) == (n >= 6)


def test_too_many_seeds_or_a_missing_one_give_no_p_value(rng):
    assert np.isnan(sign_flip_p(rng.random(40))) and np.isnan(sign_flip_p([0.1, np.nan]))


@pytest.mark.parametrize(
    ("relation", "low", "high", "verdict"),
    [
        ("above", 0.01, 0.3, HOLDS),
        ("above", -0.3, -0.01, FAILS),
        ("above", -0.2, WORTH / 2, FAILS),  # a gain of a point is excluded
        ("above", -0.1, 0.2, OPEN),
        ("below", -0.3, -0.01, HOLDS),
        ("below", 0.01, 0.3, FAILS),
        ("below", -WORTH / 2, 0.2, FAILS),
        ("below", -0.1, 0.2, OPEN),
        ("similar", -ALIKE / 2, ALIKE / 2, HOLDS),
        ("similar", ALIKE * 2, ALIKE * 3, FAILS),
        ("similar", -ALIKE * 3, -ALIKE * 2, FAILS),
        ("similar", -ALIKE * 2, ALIKE / 2, OPEN),
        ("above", np.nan, np.nan, OPEN),
    ],
)
def test_verdicts_follow_from_the_interval(relation, low, high, verdict):
    assert decide(relation, low, high) == verdict


def test_above_and_below_mirror_each_other(rng):
    for _ in range(100):
        low, high = np.sort(rng.normal(0, 0.05, 2))
        assert decide("above", low, high) == decide("below", -high, -low)


def test_what_cannot_be_judged_is_one_sentence():
    with pytest.raises(ValueError, match="relation = 'abov' is unknown: did you mean 'above'"):
        verdict_of([0.1, 0.2], "abov")
    with pytest.raises(ValueError, match="no difference to judge by"):
        verdict_of([], "above")


def test_one_seed_decides_nothing_and_neither_do_equal_differences():
    found = verdict_of([0.5], "above")
    assert found.verdict == OPEN and found.p == 1
    assert verdict_of([0.0, 0.0], "above").verdict == verdict_of([0.1, 0.1, 0.1], "below").verdict == OPEN


def test_claims_are_judged_by_condition_and_paired_by_seed():
    gains = {"no mark": [0.0, 0.001, -0.001], "mark": [0.3, 0.31, 0.29]}
    rows = []
    for condition, each in gains.items():
        for seed, gain in enumerate(each):
            level = seed / 3  # seeds differ far more than arms: only pairs can tell
            rows += [
                {"data": "skin", "condition": condition, "arm": arm, "seed": seed, "mca": level + add}
                for arm, add in (("CARE", gain), ("baseline", 0))
            ]
    claim = Claim("Table 2", "skin", "mca", "CARE", "above", "baseline")
    absent = claim._replace(arm="FL + CARE", control="FL")
    chest = claim._replace(data="chest")
    found = judge_claims(pd.DataFrame(rows), [claim, absent, chest]).set_index("condition")
    assert found.verdict.to_dict() == {"no mark": FAILS, "mark": HOLDS}
    assert found.loc["mark", "difference"] == pytest.approx(0.3)
    assert found.loc["mark", "printed"] == pytest.approx(0.041)
