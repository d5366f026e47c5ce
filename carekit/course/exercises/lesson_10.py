"""Exercises of lesson 10: what a verdict rests on."""

from itertools import product

import numpy as np

from carekit.course.exercises.exercise import drawn, solution


def draw_differences(random: np.random.Generator) -> tuple:
    # Few seeds, as in a study: from 4 to 64 ways to give the signs.
    return (random.normal(0.3, 1.0, random.integers(2, 7)).round(3),)


def count_sign_patterns(values: np.ndarray) -> float:
    """Way by way: the sums of the signed values, compared with the sum that was found."""
    sums = [float(values @ signs) for signs in product((-1, 1), repeat=len(values))]
    return sum(abs(total) >= abs(values.sum()) - 1e-12 for total in sums) / len(sums)


@solution(cases=drawn(draw_differences, 12), truth=count_sign_patterns)
def my_p(values: np.ndarray) -> float:
    """values (n,): a difference for each seed. Returns the two-sided p-value of the sign-flip test."""
    from itertools import product

    signs = np.array(list(product((-1, 1), repeat=len(values))))
    means = (signs * values).mean(1)
    return (abs(means) >= abs(values.mean()) - 1e-12).mean()


def draw_interval(random: np.random.Generator) -> tuple:
    # Ends on both sides of 0 and of what is worth having: each verdict is right in some cases.
    low, high = np.sort(random.normal(0, 0.03, 2))
    return float(low), float(high), 0.01


def verdict_of_points(low: float, high: float, worth: float) -> int:
    """By asking which differences the interval allows."""
    allowed = np.linspace(low, high, 2001)
    if (allowed > 0).all():
        return 1
    return -int((allowed < worth).all())


@solution(
    cases={
        **drawn(draw_interval, 40),
        # An end on the limit: 0 is not above 0, and what is worth having is not below it.
        "from 0": lambda: (0.0, 0.05, 0.01),
        "up to what is worth having": lambda: (-0.05, 0.01, 0.01),
    },
    truth=verdict_of_points,
)
def my_verdict(low: float, high: float, worth: float) -> int:
    """low, high: the interval's ends. worth: the smallest gain that counts. Returns 1, -1 or 0."""
    if low > 0:
        return 1
    return -1 if high < worth else 0


def draw_scores(random: np.random.Generator) -> tuple:
    # Half a thousandth apart: no score of the one group equals one of the other.
    rare, others = random.random(40) + 0.2, random.random(14)
    return rare.round(3), others.round(3) + 0.0005, int(random.integers(0, 12))


def found_image_by_image(rare: np.ndarray, others: np.ndarray, allowed: int) -> float:
    """Image by image: it is found if at most `allowed` of the others score higher."""
    higher = [sum(others > score) for score in rare]
    return sum(count <= allowed for count in higher) / len(rare)


@solution(cases=drawn(draw_scores, 20), truth=found_image_by_image)
def my_recall(rare: np.ndarray, others: np.ndarray, allowed: int) -> float:
    """rare (m,), others (n,): scores of the rare class. allowed: false alarms, below n. Returns a share."""
    threshold = np.sort(others)[::-1][allowed]
    return (rare > threshold).mean()
