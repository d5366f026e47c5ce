"""Exercises of lesson 14: what a paper's numbers and its words can be asked."""

from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from itertools import combinations
from math import comb

import numpy as np

from carekit.course.exercises.exercise import drawn, solution


def draw_printed(cut_off: bool, random: np.random.Generator) -> tuple[float, int, int]:
    """A share of some images, in percent, as a table could print it."""
    n, digits = int(random.integers(15, 40)), int(random.integers(1, 3))
    factor = 10**digits
    share = 100 * int(random.integers(1, n)) / n * factor
    shorten = np.floor if cut_off else np.round
    return float(shorten(share) / factor), n, digits


def draw_near_no_share(random: np.random.Generator) -> tuple[float, int, int]:
    """A number near no share: a third of a step further."""
    n = int(random.integers(15, 40))
    return round(100 * (int(random.integers(1, n)) + 0.34) / n, 1), n, 1


def occurs_in_decimals(printed: float, n: int, digits: int) -> bool:
    """In whole numbers and decimals, share by share."""
    unit, wanted = Decimal(1).scaleb(-digits), Decimal(repr(float(printed))).quantize(Decimal(1).scaleb(-digits))
    # Decimals know no rounding error: 73.9 is exactly 73.9.
    shares = [Decimal(100 * k) / n for k in range(n + 1)]
    return any(wanted in (s.quantize(unit, ROUND_DOWN), s.quantize(unit, ROUND_HALF_EVEN)) for s in shares)


@solution(
    cases={
        **drawn(lambda random: draw_printed(True, random), 8, "cut off, "),
        **drawn(lambda random: draw_printed(False, random), 8, "rounded, "),
        **drawn(draw_near_no_share, 6, "near no share, "),
        # The examples of the text: a tolerance on the number of images takes 86.9 for impossible.
        "17 of 23": lambda: (73.9, 23, 1),
        "20 of 23, cut off": lambda: (86.9, 23, 1),
        "between 16 and 17 of 23": lambda: (72.2, 23, 1),
        # More images than percent, and more percent than there can be.
        "50 of 200": lambda: (25.0, 200, 1),
        "21 of 20": lambda: (105.0, 20, 1),
        "all of them": lambda: (100.0, 23, 1),
        "none of them": lambda: (0.0, 23, 1),
        "near a share": lambda: (56.6, 23, 1),
    },
    truth=occurs_in_decimals,
)
def my_possible(printed: float, n: int, digits: int) -> bool:
    """printed: percent; n: test images; digits: behind the point. Returns True if some k of n gives it."""
    shares = 100 * np.arange(n + 1) / n
    rounded = np.round(shares, digits)
    cut = np.floor(shares * 10**digits) / 10**digits
    return bool(np.isclose(rounded, printed).any() or np.isclose(cut, printed).any())


def interval_by_halving(k: int, n: int) -> list[float]:
    """By halving: the recalls at which k or more, and k or fewer, have a chance of 0.025."""

    def at_least(p: float, least: int) -> float:
        return sum(comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(least, n + 1))

    def where(function: Callable[[float], float]) -> float:
        low, size = 0.0, 1.0
        for _ in range(60):
            size /= 2
            if function(low + size) < 0:  # it grows with p: the zero is in the upper half
                low += size
        return low

    # k or more of n is certain for k = 0, so the first is never below 0; the second likewise for k = n.
    lower = where(lambda p: at_least(p, k) - 0.025)
    upper = where(lambda p: at_least(p, k + 1) - 0.975)
    return [lower, upper]


def draw_found(random: np.random.Generator) -> tuple[int, int]:
    n = int(random.integers(10, 60))
    return int(random.integers(1, n)), n


@solution(
    cases={
        **drawn(draw_found),
        # The ends of what can be, where the formula has no quantile, and their neighbours, where it has one.
        "none is found": lambda: (0, 10),
        "one is found": lambda: (1, 10),
        "all but one are found": lambda: (11, 12),
        "all are found": lambda: (12, 12),
    },
    truth=interval_by_halving,
)
def my_interval(k: int, n: int) -> tuple:
    """k of n images were found. Returns (low, high) of the 95 % interval."""
    from scipy.stats import beta

    low = beta.ppf(0.025, k, n - k + 1) if k > 0 else 0.0
    high = beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
    return low, high


def draw_tables(random: np.random.Generator) -> tuple[dict[int, float]]:
    true = random.uniform(60, 90, 2)
    tables = random.choice(np.arange(2, 11), int(random.integers(3, 6)), replace=False)
    # From a difference of rounding to that of another run.
    noise = random.choice([0.0, 0.04, 0.3, 0.6, 1.7], len(tables))
    return ({int(table): round(float(true[0] + shift), 2) for table, shift in zip(tables, noise, strict=True)},)


def apart_in_hundredths(values: dict[int, float]) -> list[list[int]]:
    """In whole hundredths, which have no rounding error."""
    hundredths = {table: round(100 * value) for table, value in values.items()}
    return [[a, b] for a, b in combinations(sorted(values), 2) if abs(hundredths[a] - hundredths[b]) > 10]


@solution(
    cases={**drawn(draw_tables, 10), "rounded and cut off": lambda: ({4: 77.7, 10: 77.69, 2: 77.6},)},
    truth=apart_in_hundredths,
)
def my_disagree(values: dict) -> list:
    """values: table -> what it prints. Returns the pairs (smaller, larger table), in order."""
    pairs = []
    for a in sorted(values):
        for b in sorted(values):
            if a < b and abs(values[a] - values[b]) > 0.1 + 1e-9:
                pairs.append((a, b))
    return pairs


def draw_percentages(random: np.random.Generator) -> tuple[float, float, int]:
    # Few enough images that one decimal of a percentage has one count only.
    n = int(random.integers(20, 120))
    right = int(random.integers(max(3, n // 5), n + 1))
    false = int(random.integers(0, right + 1))
    return round(100 * right / n, 1), round(100 * right / (right + false), 1), n


def counts_by_trying(recall: float, precision: float, n: int) -> list[int]:
    """By trying: the counts whose recall and precision are nearest to those printed."""
    right = min(range(n + 1), key=lambda k: abs(100 * k / n - recall))
    false = min(range(3 * n), key=lambda f: abs(100 * right / (right + f) - precision))
    return [right, n - right, false]


@solution(cases=drawn(draw_percentages, 8), truth=counts_by_trying)
def my_counts(recall: float, precision: float, n: int) -> tuple:
    """recall, precision: percent; n: images of the class. Returns found, missed, false alarms."""
    found = round(recall / 100 * n)
    called = round(found / (precision / 100))
    return found, n - found, called - found


def draw_set(random: np.random.Generator) -> tuple[int, int, int]:
    # Small sets: with and without putting back differ in the third digit at least.
    images = int(random.integers(300, 3000))
    return images, int(random.integers(5, images // 12)), int(random.integers(8, 65))


def batches_image_by_image(images: int, boxed: int, batch: int) -> list[float]:
    """Image by image: none of those drawn so far had a box."""
    empty = 1.0
    for drawn_before in range(batch):
        empty *= (images - boxed - drawn_before) / (images - drawn_before)
    return [images / boxed, empty]


@solution(cases=drawn(draw_set, 6), truth=batches_image_by_image)
def my_batches(images: int, boxed: int, batch: int) -> tuple:
    """Three numbers of images. Returns the factor, and the share of batches without a box."""
    from math import comb

    factor = images / boxed
    empty = comb(images - boxed, batch) / comb(images, batch)
    return factor, empty


def draw_head(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    # 4 classes, 6 channels.
    return random.normal(size=4), random.normal(size=(4, 6)), int(random.integers(4))


def loss_by_differences(scores: np.ndarray, weights: np.ndarray, c: int) -> list[float]:
    """By moving each channel a little: the loss is -log p_c of scores + weights @ pooled."""

    def loss(pooled: np.ndarray) -> float:
        y = scores + weights @ pooled
        return float(np.log(np.exp(y - y.max()).sum()) + y.max() - y[c])

    step = 1e-5 * np.eye(weights.shape[1])
    return [(loss(move) - loss(-move)) / 2e-5 for move in step]


@solution(cases=drawn(draw_head, 5), truth=loss_by_differences)
def my_loss_weights(y: np.ndarray, W: np.ndarray, c: int) -> np.ndarray:
    """y (classes,): scores; W (classes, k); c: the true class. Returns the gradient of the loss by a, (k,)."""
    p = np.exp(y) / np.exp(y).sum()
    q = p - (np.arange(len(y)) == c)
    return q @ W
