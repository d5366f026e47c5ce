"""Exercises of lesson 9: boxes that no one drew, and how good they are."""

from itertools import product

import numpy as np

from carekit.course.exercises.exercise import drawn, solution

Box = tuple[int, int, int, int]


def draw_box(random: np.random.Generator, size: int = 9) -> Box:
    # At least 2 wide and 1 high, anywhere in the image, its border included.
    x0, y0 = (int(value) for value in random.integers(0, size - 3, 2))
    return x0, y0, int(random.integers(x0 + 2, size + 1)), int(random.integers(y0 + 1, size + 1))


def pixels_of(box: Box) -> set[tuple[int, int]]:
    """All pixels of a box, so that areas are counted."""
    x0, y0, x1, y1 = box
    return set(product(range(x0, x1), range(y0, y1)))


@solution(
    cases={
        **drawn(lambda random: (draw_box(random), draw_box(random)), 6),
        "they meet": lambda: ((1, 2, 6, 5), (3, 1, 9, 4)),
        "one in the other": lambda: ((1, 1, 9, 8), (3, 2, 6, 7)),
        "the other in the one": lambda: ((3, 2, 6, 7), (1, 1, 9, 8)),
        # Two sides below 0 have a product above 0.
        "apart in x and in y": lambda: ((0, 0, 2, 2), (5, 6, 8, 9)),
        "apart in x alone": lambda: ((0, 0, 2, 4), (5, 1, 8, 9)),
    },
    truth=lambda a, b: len(pixels_of(a) & pixels_of(b)) / len(pixels_of(a) | pixels_of(b)),
)
def my_iou(a: tuple, b: tuple) -> float:
    """a, b: boxes (x0, y0, x1, y1). Returns the intersection over the union."""
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    both = width * height
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (a, b)]
    return both / (sum(areas) - both)


def draw_found_and_true(random: np.random.Generator) -> tuple[list[Box], list[Box], tuple[int, int]]:
    found = [draw_box(random) for _ in range(int(random.integers(1, 4)))]
    true = [draw_box(random) for _ in range(int(random.integers(1, 4)))]
    return found, true, (9, 9)


def covered_pixels(found: list[Box], true: list[Box], size: tuple[int, int]) -> float:
    """By sets of pixels."""
    wanted = set().union(*map(pixels_of, true))
    return len(wanted & set().union(*map(pixels_of, found))) / len(wanted)


@solution(
    cases={
        **drawn(draw_found_and_true, 6),
        "two overlap": lambda: ([(0, 0, 4, 3), (2, 1, 6, 4)], [(1, 0, 8, 5), (3, 2, 9, 7)], (9, 9)),
        "none is found": lambda: ([], [(1, 2, 5, 8)], (9, 9)),
    },
    truth=covered_pixels,
)
def my_coverage(found: list, true: list, size: tuple) -> float:
    """found, true: lists of boxes (x0, y0, x1, y1); size (height, width). Returns the share of the true mask found."""
    mask, truth = np.zeros(size), np.zeros(size)
    for x0, y0, x1, y1 in found:
        mask[y0:y1, x0:x1] = 1
    for x0, y0, x1, y1 in true:
        truth[y0:y1, x0:x1] = 1
    return (mask * truth).sum() / truth.sum()


def draw_blobs(random: np.random.Generator) -> tuple[np.ndarray, float]:
    # A sharp high blob and a broad lower one, which is the larger component.
    rows, columns = np.mgrid[:9, :11]
    map_ = np.zeros((9, 11))
    for height, row, column, width in ((1.0, 2, 3, 2.2), (0.9, 7, 8, 4.0)):
        i, j = row + random.uniform(-1, 1), column + random.uniform(-1, 1)
        map_ = np.maximum(map_, height * np.exp(-((rows - i) ** 2 + (columns - j) ** 2) / width))
    return map_ / map_.max(), float(random.choice([0.4, 0.5, 0.6]))


def box_by_growing(map_: np.ndarray, threshold: float) -> list[int]:
    """Spread from the peak to neighbours above the threshold, by sides."""
    start = divmod(int(map_.argmax()), map_.shape[1])
    inside, waiting = {start}, [start]
    while waiting:
        i, j = waiting.pop()
        for place in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
            if place not in inside and place in np.ndindex(*map_.shape) and map_[place] > threshold:
                inside.add(place)
                waiting.append(place)
    rows, columns = zip(*inside, strict=True)
    return [min(columns), min(rows), max(columns) + 1, max(rows) + 1]


@solution(
    cases={
        **drawn(draw_blobs, 6),
        # Only a side joins two places; and what equals the threshold does not exceed it.
        "joined by a corner": lambda: (np.array([[1.0, 0.2, 0.1], [0.3, 0.8, 0.9], [0.1, 0.2, 0.7]]), 0.5),
        "equal to the threshold": lambda: (np.array([[0.1, 0.5, 1.0, 0.7], [0.0, 0.2, 0.5, 0.6]]), 0.5),
    },
    truth=box_by_growing,
)
def my_box(map_: np.ndarray, threshold: float) -> tuple:
    """map_ (h, w) in [0, 1], threshold below its peak. Returns (x0, y0, x1, y1) around the peak's component."""
    from scipy.ndimage import label

    parts = label(map_ > threshold)[0]
    part = parts == parts.flat[map_.argmax()]
    rows, columns = np.nonzero(part)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def draw_overlaps(random: np.random.Generator) -> tuple[np.ndarray]:
    return (np.round(random.random((int(random.integers(3, 7)), int(random.integers(2, 6)))) ** 1.5, 3),)


def hits_of_pairs(ious: np.ndarray) -> list[float]:
    """By the different rows and columns of the pairs that hit."""
    rows, columns = np.argwhere(ious >= 0.5).T.tolist()
    return [len(set(rows)) / len(ious), len(set(columns)) / len(ious.T)]


@solution(
    cases={
        **drawn(draw_overlaps, 6),
        "two on the same true box": lambda: (np.array([[0.8, 0.1], [0.6, 0.2], [0.0, 0.3]]),),
        # An overlap of exactly one half counts.
        "one at the limit": lambda: (np.array([[0.5, 0.1], [0.2, 0.4], [0.7, 0.3]]),),
    },
    truth=hits_of_pairs,
)
def my_precision_recall(ious: np.ndarray) -> tuple:
    """ious (found, true): the overlap of each found box with each true one. Returns (precision, recall)."""
    hit = ious >= 0.5
    return hit.any(axis=1).mean(), hit.any(axis=0).mean()


def draw_tried(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    in_train = np.arange(12) % 2 > 0
    good, better, spiky, uneven, _ = random.permutation(5)
    iou = random.random((5, 12)) * 0.4
    # Best in the mean on training images; on the others another one is best.
    iou[good, in_train] += 0.4
    iou[better, ~in_train] += 0.6
    # Best in the maximum, and best in the median, but not in the mean.
    iou[spiky, 1] = 0.99
    iou[uneven, in_train] = random.permutation([0.75] * 4 + [0.01] * 2)
    return np.round(iou, 3), in_train


def chosen_in_python(iou: np.ndarray, in_train: np.ndarray) -> list[float]:
    """By weighted sums: the images that count have the weight one over their number."""
    means = (iou @ (in_train / sum(in_train))).tolist()
    best = means.index(max(means))
    return [best, float(iou[best] @ (~in_train / sum(~in_train)))]


@solution(cases=drawn(draw_tried, 6), truth=chosen_in_python)
def my_threshold(iou: np.ndarray, in_train: np.ndarray) -> tuple:
    """iou (thresholds, images); in_train (images,) of True and False. Returns (number of the threshold, mean IoU)."""
    chosen = iou[:, in_train].mean(axis=1).argmax()
    return chosen, iou[chosen, ~in_train].mean()


def draw_mark_and_box(random: np.random.Generator) -> tuple[np.ndarray, int, int]:
    # Anywhere in the image: at a border fewer places of the box hold it than in the middle.
    mark = np.zeros((8, 10))
    row, column = int(random.integers(0, 7)), int(random.integers(0, 8))
    mark[row : row + 2, column : column + int(random.integers(2, 4))] = 1
    return mark, int(random.integers(2, 4)), int(random.integers(4, 7))


def mark_share_by_counting(mark: np.ndarray, height: int, width: int) -> float:
    """For each pixel of the mark, in how many of all places of the box it is inside."""

    def places(pixel: int, length: int, side: int) -> int:
        """Of the places of a side along a length, how many hold this pixel."""
        return min(pixel, length - side) - max(0, pixel - side + 1) + 1

    held = [places(i, len(mark), height) * places(j, len(mark.T), width) for i, j in np.argwhere(mark).tolist()]
    return sum(held) / len(held) / ((len(mark) - height + 1) * (len(mark.T) - width + 1))


@solution(cases=drawn(draw_mark_and_box, 12), truth=mark_share_by_counting)
def my_mark_share(mark: np.ndarray, height: int, width: int) -> float:
    """mark (h, w) of 0 and 1; the sides of a box. Returns the mean share of the mark in a box at a random place."""
    rows, columns = mark.shape
    shares = []
    for y in range(rows - height + 1):
        for x in range(columns - width + 1):
            shares.append(mark[y : y + height, x : x + width].sum() / mark.sum())
    return np.mean(shares)
