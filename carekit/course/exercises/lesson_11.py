"""Exercises of lesson 11: what chance does to a gain."""

import numpy as np
from scipy import stats

from carekit.course.exercises.exercise import drawn, solution
from carekit.course.exercises.lesson_10 import count_sign_patterns


@solution(
    # By the standard deviation of a yes or no, from SciPy.
    cases=drawn(lambda random: (float(random.uniform(0.1, 0.9)), int(random.integers(20, 400)))),
    truth=lambda p, n: 1.96 * float(stats.bernoulli(p).std()) / float(np.sqrt(n)),
)
def my_sampling(p: float, n: int) -> float:
    """p: a recall in [0, 1], n: on how many images. Returns half the width of its interval."""
    return 1.96 * (p * (1 - p) / n) ** 0.5


def mcnemar_by_scipy(gained: int, lost: int) -> float:
    """The binomial test of a fair coin, which needs at least one throw."""
    if gained + lost == 0:
        return 1.0
    return stats.binomtest(gained, gained + lost).pvalue


@solution(
    cases={
        **drawn(lambda random: (int(random.integers(3, 25)), int(random.integers(0, 8))), 5),
        # Twice the tail is above 1 here, and there are no coins at all in the next.
        "as many lost as gained": lambda: (4, 4),
        "no disagreement": lambda: (0, 0),
        "more lost": lambda: (2, 9),
    },
    truth=mcnemar_by_scipy,
)
def my_mcnemar(gained: int, lost: int) -> float:
    """gained, lost: whole numbers. Returns the two-sided p-value."""
    from math import comb

    n = gained + lost
    tail = sum(comb(n, k) for k in range(min(gained, lost) + 1)) / 2**n
    return min(1, 2 * tail)


@solution(
    # Gains of both signs and of different sizes: from a p of nearly 1 to the smallest that n seeds allow.
    cases=drawn(lambda random: (random.normal(size=int(random.integers(3, 8))) + random.choice([-0.8, 0.3, 0.8]),), 6),
    truth=count_sign_patterns,
)
def my_sign_flips(d: np.ndarray) -> float:
    """d (n,): the paired differences, one for each seed. Returns the two-sided p-value."""
    import itertools

    ways = np.array(list(itertools.product([1, -1], repeat=len(d))))
    means = abs((ways * d).mean(1))
    return np.mean(means >= abs(d.mean()) - 1e-12)


@solution(
    # Cubes of what is even: small p-values, and some that are cut at 1.
    cases=drawn(lambda random: (random.random(int(random.integers(2, 9))) ** 3,)),
    truth=lambda p: [min(1.0, sum([value] * len(p))) for value in p.tolist()],
)
def my_bonferroni(p: np.ndarray) -> np.ndarray:
    """p (m,): p-values. Returns the corrected ones, (m,)."""
    return np.minimum(1, len(p) * p)
