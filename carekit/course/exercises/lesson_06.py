"""Exercises of lesson 6: sweeps, and what luck does in them."""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import numpy as np
from scipy import stats

from carekit.course.exercises.exercise import drawn, solution, t_of


def sorted_settings(function: Callable, centre: dict, sweeps: dict) -> Any:
    """The settings that a function returns, sorted: their order does not matter."""
    grid = function(centre, sweeps)
    if not isinstance(grid, list):
        return grid
    return sorted(itemgetter(*centre)(setting) for setting in grid)


def draw_grid(random: np.random.Generator) -> tuple[dict, dict]:
    # Each sweep holds the centre's value, which is where doubles come from.
    centre = {"alpha": 0.5, "tau": 0.7, "lam": 2.0}
    sweeps = {name: sorted({value, *random.integers(1, 9, 3).tolist()}) for name, value in centre.items()}
    return centre, sweeps


def one_at_a_time(centre: dict, sweeps: dict) -> list[list[float]]:
    """The centre, then copies of it with one value replaced by its place."""
    wanted = [[float(centre[name]) for name in centre]]
    for place, name in enumerate(centre):
        for value in sweeps[name]:
            changed = list(wanted[0])
            changed[place] = float(value)
            if changed not in wanted:
                wanted.append(changed)
    return sorted(wanted)


@solution(
    cases=drawn(draw_grid),
    truth=one_at_a_time,
    probe=sorted_settings,
)
def my_grid(centre: dict, sweeps: dict) -> list:
    """centre: name -> value; sweeps: name -> values. Returns a list of dicts like the centre, none of them twice."""
    grid = []
    for name, values in sweeps.items():
        for value in values:
            setting = centre | {name: value}
            if setting not in grid:
                grid.append(setting)
    return grid


def draw_recalls(random: np.random.Generator) -> tuple:
    """Recalls (settings, seeds): the seeds differ much, some settings gain a little, one much in one seed only."""
    # The number of seeds varies: with few of them 1.96 and Student's t part, with 4 the root is half of the number.
    count = int(random.integers(3, 8))
    control = random.uniform(0.1, 0.6, count)
    gains = np.array([0.0, 0.06, -0.06, 0.02])[:, None] + random.normal(size=(4, count)) * 0.02
    gains[3, 0] += 0.4
    return control + gains, control, t_of


def draw_near_the_limit(factor: float, random: np.random.Generator) -> tuple:
    """Settings whose gain is `factor` times the half-width of its interval."""
    count = int(random.integers(3, 8))
    control = random.uniform(0.1, 0.6, count)
    scatter = random.normal(size=(4, count)) * 0.02
    scatter -= scatter.mean(1, keepdims=True)
    half = t_of(count) * scatter.std(1, ddof=1) / count**0.5
    return control + scatter + factor * half[:, None], control, t_of


def better_by_scipy(recall: np.ndarray, control: np.ndarray, _: object) -> list[bool]:
    """By the interval of SciPy's paired test, setting by setting."""
    return [bool(stats.ttest_rel(row, control).confidence_interval(0.95).low > 0) for row in recall]


@solution(
    cases={
        **drawn(draw_recalls, 12),
        # An interval that is a tenth too narrow (ddof = 0) or much too narrow (1.96) turns these to yes.
        **drawn(lambda random: draw_near_the_limit(0.95, random), 4, "just not, "),
        **drawn(lambda random: draw_near_the_limit(1.05, random), 4, "just so, "),
    },
    truth=better_by_scipy,
)
def my_better(recall: np.ndarray, control: np.ndarray, t_of: Callable) -> np.ndarray:
    """recall (settings, seeds), control (seeds,). Returns for each setting whether it beats the control."""
    d = recall - control
    n = d.shape[1]
    half = t_of(n) * d.std(1, ddof=1) / n**0.5
    return d.mean(1) - half > 0


@solution(
    # 60 test images and a recall of .3, as in this lesson; the truth is known, since the recalls are drawn from it.
    cases=drawn(lambda random: (random.binomial(60, 0.3, (200, 12)) / 60, 0.3)),
    truth=lambda measured, true: sum(max(row) for row in measured.tolist()) / len(measured) - true,
)
def my_luck(measured: np.ndarray, true: float) -> float:
    """measured (repetitions, settings): recalls that differ by chance only; true: the recall of all. Returns the
    luck."""
    return measured.max(1).mean() - true


def fewest_seeds(sd: float, wanted: float, _: object) -> int:
    """By Student's quantile from SciPy, number after number."""
    return next(n for n in range(2, 10_000) if stats.t.ppf(0.975, n - 1) * sd / n**0.5 <= wanted)


@solution(
    cases={
        **drawn(lambda random: (float(random.uniform(0.04, 0.1)), float(random.uniform(0.02, 0.05)), t_of), 12),
        # Few seeds, where t changes most from one to the next.
        "two are enough": lambda: (0.01, 0.1, t_of),
        "three are enough": lambda: (0.02, 0.06, t_of),
    },
    truth=fewest_seeds,
)
def my_seeds(sd: float, wanted: float, t_of: Callable) -> int:
    """sd: of the paired differences; wanted: the half-width. Returns the smallest number of seeds."""
    n = 2
    while t_of(n) * sd / n**0.5 > wanted:
        n = n + 1
    return n


@solution(
    cases={
        # Three values in a random order: a trend in one of three.
        **drawn(lambda random: (random.random(3),), 10),
        "always falling": lambda: (np.array([0.6, 0.5, 0.2]),),
        "back to the start": lambda: (np.array([0.5, 0.7, 0.5]),),
        "flat at the end": lambda: (np.array([0.2, 0.5, 0.5]),),
        "falling, then flat": lambda: (np.array([0.5, 0.3, 0.3]),),
        "up and down": lambda: (np.array([0.2, 0.7, 0.5]),),
    },
    # Sorted, and without equal values: the order that a trend has, or its reverse.
    truth=lambda means: sorted(set(means.tolist())) in (means.tolist(), means.tolist()[::-1]),
)
def my_trend(means: np.ndarray) -> bool:
    """means: the mean at each value of a parameter, in order. Returns True if it always rises or always falls."""
    steps = np.diff(means)
    return bool((steps > 0).all() or (steps < 0).all())
