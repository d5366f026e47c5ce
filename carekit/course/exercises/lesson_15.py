"""The wrap-up quiz on the chest films: five questions that are answered by code."""

import itertools
from collections.abc import Callable

import numpy as np
from scipy import stats

from carekit.course.exercises.exercise import drawn, solution, t_of


@solution(
    cases=drawn(
        lambda random: (random.permutation(np.repeat([0, 1, 2, 3], random.permutation([3, 7, 12, 30]))),),
    ),
    truth=lambda labels: rarest_by_counting(labels.tolist()),
)
def my_rarest(labels: np.ndarray) -> tuple:
    """labels (n,): a class number for each image; each class has one. Returns (class, ratio)."""
    counts = np.bincount(labels)
    return counts.argmin(), counts.max() / counts.min()


def rarest_by_counting(labels: list[int]) -> list[float]:
    counts = {label: labels.count(label) for label in labels}
    fewest = min(counts, key=lambda label: counts[label])
    return [fewest, max(counts.values()) / counts[fewest]]


def draw_skewed(random: np.random.Generator) -> tuple[np.ndarray, int]:
    return random.permutation(np.repeat([0, 1, 2], [20, 9, int(random.integers(2, 5))])), int(random.integers(0, 3))


def accuracy_and_mca(labels: np.ndarray, named: int) -> list[float]:
    predicted = [named for _ in labels]
    hits = [found == label for found, label in zip(predicted, labels.tolist(), strict=True)]
    recalls = []
    for each in sorted(set(labels.tolist())):
        own = [hit for hit, label in zip(hits, labels.tolist(), strict=True) if label == each]
        recalls.append(sum(own) / len(own))
    return [sum(hits) / len(hits), sum(recalls) / len(recalls)]


@solution(cases=drawn(draw_skewed, 6), truth=accuracy_and_mca)
def my_always(labels: np.ndarray, named: int) -> tuple:
    """labels (n,): the true classes; named: the class that is always said. Returns (accuracy, MCA)."""
    accuracy = np.mean(labels == named)
    recalls = [float(each == named) for each in np.unique(labels)]
    return accuracy, np.mean(recalls)


def draw_maps_and_boxes(random: np.random.Generator) -> tuple[np.ndarray, list, int]:
    def box() -> tuple[int, int, int, int]:
        x0, y0 = (int(value) for value in random.integers(0, 14, 2))
        return x0, y0, x0 + int(random.integers(4, 11)), y0 + int(random.integers(4, 11))

    boxes = [[box() for _ in range(int(random.integers(1, 3)))] for _ in range(23)]
    return random.random((23, 6, 6)), boxes, 24


def pointed_film_by_film(maps: np.ndarray, boxes: list, size: int) -> float:
    hits = 0
    step = size // maps.shape[1]
    for map_, own in zip(maps, boxes, strict=True):
        best = max(itertools.product(range(maps.shape[1]), repeat=2), key=lambda place: map_[place])
        middle_y, middle_x = (place * step + step // 2 for place in best)
        hits += any(middle_x in range(x0, x1) and middle_y in range(y0, y1) for x0, y0, x1, y1 in own)
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
    before, after = random.random((2, 30, 3))
    return before, after, random.permutation(np.repeat([0, 1, 2], 10)), int(random.integers(0, 3))


def turned_film_by_film(before: np.ndarray, after: np.ndarray, labels: np.ndarray, rare: int) -> int:
    count = 0
    for one, other, label in zip(before.tolist(), after.tolist(), labels.tolist(), strict=True):
        count += label != rare and max(one) != one[rare] and max(other) == other[rare]
    return count


@solution(cases=drawn(draw_scores, 6), truth=turned_film_by_film)
def my_turned(before: np.ndarray, after: np.ndarray, labels: np.ndarray, rare: int) -> int:
    """before, after (n, classes): scores of the same films; labels (n,); rare: a class. Returns a number of films."""
    others = labels != rare
    was, now = before.argmax(1) == rare, after.argmax(1) == rare
    return int((others & now & ~was).sum())


def draw_predicted(random: np.random.Generator) -> tuple:
    labels = random.permutation(np.repeat([0, 1, 2], [9, 8, 13]))
    seeds = int(random.integers(3, 6))
    control, care = (random.integers(0, 3, (seeds, 30)) for _ in range(2))
    return control, care, labels, int(random.integers(0, 3)), t_of


def gain_by_scipy(control: np.ndarray, care: np.ndarray, labels: np.ndarray, rare: int, _: object) -> list[float]:
    found = []
    for one, other in zip(control.tolist(), care.tolist(), strict=True):
        own = [place for place, label in enumerate(labels.tolist()) if label == rare]
        found.append((sum(other[i] == rare for i in own) - sum(one[i] == rare for i in own)) / len(own))
    low, high = stats.t.interval(0.95, len(found) - 1, np.mean(found), stats.sem(found))
    return [float(np.mean(found)), float(high - low) / 2]


@solution(cases=drawn(draw_predicted, 6), truth=gain_by_scipy)
def my_gain(control: np.ndarray, care: np.ndarray, labels: np.ndarray, rare: int, t_of: Callable) -> tuple:
    """control, care (seeds, n): predicted classes; labels (n,); rare: a class. Returns (mean gain, half-width)."""
    own = labels == rare
    d = (care[:, own] == rare).mean(1) - (control[:, own] == rare).mean(1)
    return d.mean(), t_of(len(d)) * d.std(ddof=1) / len(d) ** 0.5
