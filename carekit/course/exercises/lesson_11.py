"""Exercises of lesson 11: what chance does to a gain."""

import itertools

import numpy as np
from scipy import stats

from carekit.course.exercises.exercise import drawn, solution


@solution(
    cases=drawn(lambda random: (float(random.uniform(0.1, 0.9)), int(random.integers(20, 400)))),
    truth=lambda p, n: 1.96 * float(stats.bernoulli(p).std()) / float(np.sqrt(n)),
)
def my_sampling(p: float, n: int) -> float:
    """p: a recall in [0, 1], n: on how many images. Returns half the width of its interval."""
    return 1.96 * (p * (1 - p) / n) ** 0.5


@solution(
    cases={
        **drawn(lambda random: (int(random.integers(3, 25)), int(random.integers(0, 8))), 5),
        "as many lost as gained": lambda: (4, 4),
        "no disagreement": lambda: (0, 0),
        "more lost": lambda: (2, 9),
    },
    truth=lambda gained, lost: stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0,
)
def my_mcnemar(gained: int, lost: int) -> float:
    """gained, lost: whole numbers. Returns the two-sided p-value."""
    from math import comb

    n = gained + lost
    tail = sum(comb(n, k) for k in range(min(gained, lost) + 1)) / 2**n
    return min(1, 2 * tail)


def share_of_flips(differences: np.ndarray) -> float:
    observed, means = abs(differences.mean()), []
    for signs in itertools.product((1, -1), repeat=len(differences)):
        means.append(abs(float(np.mean([sign * d for sign, d in zip(signs, differences.tolist(), strict=True)]))))
    return sum(mean >= observed - 1e-12 for mean in means) / len(means)


@solution(
    cases=drawn(lambda random: (random.normal(size=int(random.integers(3, 8))) + random.choice([-0.8, 0.3, 0.8]),), 6),
    truth=share_of_flips,
)
def my_sign_flips(d: np.ndarray) -> float:
    """d (n,): the paired differences, one for each seed. Returns the two-sided p-value."""
    import itertools

    ways = np.array(list(itertools.product([1, -1], repeat=len(d))))
    means = abs((ways * d).mean(1))
    return np.mean(means >= abs(d.mean()) - 1e-12)


@solution(
    cases=drawn(lambda random: (random.random(int(random.integers(2, 9))) ** 3,)),
    truth=lambda p: [min(1.0, sum(value for _ in p)) for value in p.tolist()],
)
def my_bonferroni(p: np.ndarray) -> np.ndarray:
    """p (m,): p-values. Returns the corrected ones, (m,)."""
    return np.minimum(1, len(p) * p)
