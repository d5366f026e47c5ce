"""Exercises of lesson 6: sweeps, and what luck does in them."""

from collections.abc import Callable

import numpy as np
from scipy import stats

from carekit.course.exercises.exercise import drawn, solution, t_of


def sorted_settings(grid: list[dict], names: list[str]) -> list[list[float]]:
    return sorted([float(each[name]) for name in names] for each in grid)


def draw_grid(random: np.random.Generator) -> tuple[dict, dict]:
    centre = {"alpha": 0.5, "tau": 0.7, "lam": 2.0}
    sweeps = {name: sorted({value, *random.integers(1, 9, 3).tolist()}) for name, value in centre.items()}
    return centre, sweeps


def one_at_a_time(centre: dict, sweeps: dict) -> list[list[float]]:
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
    probe=lambda function, centre, sweeps: (
        sorted_settings(grid, list(centre)) if isinstance(grid := function(centre, sweeps), list) else grid
    ),
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
    seeds = random.uniform(0.1, 0.6, 5)
    gains = np.array([0.0, 0.06, -0.06, 0.02])[:, None] + random.normal(size=(4, 5)) * 0.02
    gains[3, 0] += 0.4
    return seeds + gains, seeds, t_of


def better_by_scipy(recall: np.ndarray, control: np.ndarray, _: object) -> list[bool]:
    found = []
    for row in recall:
        low = stats.ttest_rel(row, control).confidence_interval(0.95).low
        found.append(bool(low > 0))
    return found


@solution(cases=drawn(draw_recalls, 12), truth=better_by_scipy)
def my_better(recall: np.ndarray, control: np.ndarray, t_of: Callable) -> np.ndarray:
    """recall (settings, seeds), control (seeds,). Returns for each setting whether it beats the control."""
    d = recall - control
    n = d.shape[1]
    half = t_of(n) * d.std(1, ddof=1) / n**0.5
    return d.mean(1) - half > 0


@solution(
    cases=drawn(lambda random: (random.binomial(60, 0.3, (200, 12)) / 60, 0.3)),
    truth=lambda measured, true: sum(max(row) for row in measured.tolist()) / len(measured) - true,
)
def my_luck(measured: np.ndarray, true: float) -> float:
    """measured (repetitions, settings): recalls that differ by chance only; true: the recall of all. Returns the
    luck."""
    return measured.max(1).mean() - true


def fewest_seeds(sd: float, wanted: float, _: object) -> int:
    return next(n for n in range(2, 10_000) if stats.t.ppf(0.975, n - 1) * sd / n**0.5 <= wanted)


@solution(
    cases=drawn(lambda random: (float(random.uniform(0.04, 0.1)), float(random.uniform(0.02, 0.05)), t_of)),
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
        **drawn(lambda random: (random.random(3),), 10),
        "always falling": lambda: (np.array([0.6, 0.5, 0.2]),),
        "back to the start": lambda: (np.array([0.5, 0.7, 0.5]),),
        "flat at the end": lambda: (np.array([0.2, 0.5, 0.5]),),
        "up and down": lambda: (np.array([0.2, 0.7, 0.5]),),
    },
    truth=lambda means: any(
        all(a * sign < b * sign for a, b in zip(means.tolist(), means.tolist()[1:], strict=False)) for sign in (1, -1)
    ),
)
def my_trend(means: np.ndarray) -> bool:
    """means: the mean at each value of a parameter, in order. Returns True if it always rises or always falls."""
    steps = np.diff(means)
    return bool((steps > 0).all() or (steps < 0).all())
