"""The wrap-up quiz on the chest films: five questions that are answered by code."""

from collections.abc import Callable

import numpy as np
from scipy import stats

from carekit.course.exercises.exercise import drawn, solution, t_of


def draw_classes(random: np.random.Generator) -> tuple[np.ndarray]:
    # Another ratio in each case, and seldom a whole number.
    counts = random.choice(np.arange(3, 40), 4, replace=False)
    return (random.permutation(np.repeat([0, 1, 2, 3], counts)),)


def rarest_by_counting(labels: np.ndarray) -> list[float]:
    """By counting in lists."""
    counts = [labels.tolist().count(label) for label in range(4)]
    return [counts.index(min(counts)), max(counts) / min(counts)]


@solution(cases=drawn(draw_classes), truth=rarest_by_counting)
def my_rarest(labels: np.ndarray) -> tuple:
    """labels (n,): a class number for each image; each class has one. Returns (class, ratio)."""
    counts = np.bincount(labels)
    return counts.argmin(), counts.max() / counts.min()


def draw_skewed(random: np.random.Generator) -> tuple[np.ndarray, int]:
    # From 2 to 5 classes, since the MCA is one over their number.
    classes = int(random.integers(2, 6))
    return np.repeat(np.arange(classes), random.integers(2, 20, classes)), int(random.integers(0, classes))


@solution(
    cases=drawn(draw_skewed, 6),
    truth=lambda labels, named: (labels.tolist().count(named) / len(labels), 1 / len(set(labels.tolist()))),
)
def my_always(labels: np.ndarray, named: int) -> tuple:
    """labels (n,): the true classes; named: the class that is always said. Returns (accuracy, MCA)."""
    accuracy = np.mean(labels == named)
    recalls = [float(each == named) for each in np.unique(labels)]
    return accuracy, np.mean(recalls)


def draw_maps_and_boxes(random: np.random.Generator) -> tuple[np.ndarray, list, int]:
    # Maps that are no squares on a film whose size their sides do not divide, and boxes that end on half pixels: the
    # middle of a cell may be neither rounded nor taken from the other side.
    def box() -> tuple[float, ...]:
        x0, y0 = random.integers(0, 28, 2) / 2
        return x0, y0, x0 + random.integers(8, 22) / 2, y0 + random.integers(8, 22) / 2

    boxes = [[box(), box()][: int(random.integers(1, 3))] for _ in range(60)]
    # Of 28 pixels some middles are exactly on an end of a box, of 26 none.
    return random.random((60, 4, 7)), boxes, int(random.choice([26, 28]))


def pointed_film_by_film(maps: np.ndarray, boxes: list, size: int) -> float:
    """In units of half a cell, where the middle of cell i is 2 i + 1."""
    hits = 0
    for map_, film in zip(maps, boxes, strict=True):
        row, column = max(np.ndindex(*map_.shape), key=lambda place: map_[place])
        high, wide = size / map_.shape[0] / 2, size / map_.shape[1] / 2
        hits += any(
            x0 / wide <= 2 * column + 1 < x1 / wide and y0 / high <= 2 * row + 1 < y1 / high for x0, y0, x1, y1 in film
        )
    return hits / len(maps)


@solution(cases=drawn(draw_maps_and_boxes, 6), truth=pointed_film_by_film)
def my_pointing(maps: np.ndarray, boxes: list, size: int) -> np.floating:
    """maps (n, u, v); boxes: of each film a list of (x0, y0, x1, y1) in pixels; size of a film. Returns the share."""
    hits = []
    for map_, own in zip(maps, boxes):
        i, j = np.unravel_index(map_.argmax(), map_.shape)
        y, x = (i + 0.5) * size / map_.shape[0], (j + 0.5) * size / map_.shape[1]
        hits.append(any(x0 <= x < x1 and y0 <= y < y1 for x0, y0, x1, y1 in own))
    return np.mean(hits)


def draw_scores(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    # Three classes: a score above a half is not always there, and films turn in both directions.
    before, after = random.random((2, 30, 3))
    return before, after, random.permutation(np.repeat([0, 1, 2], 10)), int(random.integers(0, 3))


def turned_film_by_film(before: np.ndarray, after: np.ndarray, labels: np.ndarray, rare: int) -> int:
    """Film by film, with the largest score of each."""
    count = 0
    for clean, marked, label in zip(before.tolist(), after.tolist(), labels.tolist(), strict=True):
        count += label != rare and max(clean) != clean[rare] and max(marked) == marked[rare]
    return count


@solution(cases=drawn(draw_scores, 6), truth=turned_film_by_film)
def my_turned(before: np.ndarray, after: np.ndarray, labels: np.ndarray, rare: int) -> int:
    """before, after (n, classes): scores of the same films; labels (n,); rare: a class. Returns a number of films."""
    others = labels != rare
    was, now = before.argmax(1) == rare, after.argmax(1) == rare
    return int((others & now & ~was).sum())


def draw_predicted(random: np.random.Generator) -> tuple:
    # Guesses of few seeds: half of the gains are below 0, and Student's t is far from 1.96.
    labels = random.permutation(np.repeat([0, 1, 2], [9, 8, 13]))
    control, care = random.integers(0, 3, (2, int(random.integers(3, 8)), 30))
    return control, care, labels, int(random.integers(0, 3)), t_of


def gain_by_scipy(control: np.ndarray, care: np.ndarray, labels: np.ndarray, rare: int, _: object) -> list[float]:
    """By counts of found films, and SciPy's interval of the mean."""
    own = np.flatnonzero(labels == rare)
    gains = [
        (care_seed.tolist().count(rare) - control_seed.tolist().count(rare)) / len(own)
        for care_seed, control_seed in zip(care[:, own], control[:, own], strict=True)
    ]
    low, high = stats.t.interval(0.95, len(gains) - 1, np.mean(gains), stats.sem(gains))
    return [float(np.mean(gains)), float(high - low) / 2]


@solution(cases=drawn(draw_predicted, 6), truth=gain_by_scipy)
def my_gain(control: np.ndarray, care: np.ndarray, labels: np.ndarray, rare: int, t_of: Callable) -> tuple:
    """control, care (seeds, n): predicted classes; labels (n,); rare: a class. Returns (mean gain, half-width)."""
    own = labels == rare
    d = (care[:, own] == rare).mean(1) - (control[:, own] == rare).mean(1)
    return d.mean(), t_of(len(d)) * d.std(ddof=1) / len(d) ** 0.5
