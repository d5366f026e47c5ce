"""The wrap-up quiz on the chest films: five questions that are answered by code."""

import itertools

import numpy as np
from scipy import stats

from carekit.course.exercises.exercise import Exercise, Slip, drawn, t_of

RAREST = Exercise(
    name="rarest",
    lesson=15,
    title="Which class is rare, and by how much?",
    minutes=3,
    level="warm-up",
    task="Count the images of each class. Return the number of the smallest class, and how many times as many images "
    "the largest one has.",
    hints=(
        "`np.bincount(labels)` counts each class.",
        "`argmin` gives the place of the smallest count; the ratio is the largest count over the smallest.",
    ),
    expected="labels `[0, 0, 0, 0, 1, 2, 2]`: class 1, and 4.",
    stub='''
def my_rarest(labels):
    """labels (n,): a class number for each image; each class has one. Returns (class, ratio)."""
    ...
''',
    solution="""
def my_rarest(labels):
    counts = np.bincount(labels)
    return counts.argmin(), counts.max() / counts.min()
""",
    cases=drawn(
        lambda random: (random.permutation(np.repeat([0, 1, 2, 3], random.permutation([3, 7, 12, 30]))),),
    ),
    truth=lambda labels: _rarest(labels.tolist()),
    rule="the class with the fewest images, and the largest count over the smallest",
    slips=(
        Slip("counts.argmin()", "counts.argmax()", "That is the largest class."),
        Slip("counts.argmin()", "counts.min()", "That is how many images the class has: return its number."),
        Slip("counts.max() / counts.min()", "counts.min() / counts.max()", "The ratio is turned over."),
        Slip("counts.max() / counts.min()", "len(labels) / counts.min()", "Compare with the largest class, not all."),
        Slip("counts.max() / counts.min()", "counts.max() - counts.min()", "That is a difference: ask for the ratio."),
    ),
    so_what="Count before anything else: the smallest class decides what can be learned, and how sure a result is.",
)


def _rarest(labels: list[int]) -> list[float]:
    counts = {label: labels.count(label) for label in labels}
    fewest = min(counts, key=lambda label: counts[label])
    return [fewest, max(counts.values()) / counts[fewest]]


def _skewed(random: np.random.Generator) -> tuple[np.ndarray, int]:
    return random.permutation(np.repeat([0, 1, 2], [20, 9, int(random.integers(2, 5))])), int(random.integers(0, 3))


def _recalls(labels: np.ndarray, named: int) -> list[float]:
    predicted = [named for _ in labels]
    hits = [found == label for found, label in zip(predicted, labels.tolist(), strict=True)]
    recalls = []
    for each in sorted(set(labels.tolist())):
        own = [hit for hit, label in zip(hits, labels.tolist(), strict=True) if label == each]
        recalls.append(sum(own) / len(own))
    return [sum(hits) / len(hits), sum(recalls) / len(recalls)]


ALWAYS = Exercise(
    name="always_the_same",
    lesson=15,
    title="What does always naming one class score?",
    minutes=4,
    task="A model gives every film the same name, the class `named`. Return its accuracy and its mean class accuracy "
    "(MCA), the mean of the recalls of all classes.",
    hints=(
        "It is right exactly where the label is `named`.",
        "The recall of `named` is 1, that of each other class 0. `np.unique(labels)` gives the classes.",
    ),
    expected="labels `[0, 0, 0, 1, 2]` and named 0: accuracy 0.6, MCA 0.333.",
    stub='''
def my_always(labels, named):
    """labels (n,): the true classes; named: the class that is always said. Returns (accuracy, MCA)."""
    ...
''',
    solution="""
def my_always(labels, named):
    accuracy = np.mean(labels == named)
    recalls = [float(each == named) for each in np.unique(labels)]
    return accuracy, np.mean(recalls)
""",
    cases=drawn(_skewed, 6),
    truth=_recalls,
    rule="the share of films of that class, and the mean of the recalls 1, 0, 0",
    slips=(
        Slip("return accuracy, np.mean(recalls)", "return accuracy, accuracy", "MCA weighs each class alike."),
        Slip("np.mean(recalls)", "np.sum(recalls)", "That is the sum of the recalls: take their mean."),
        Slip("np.mean(labels == named)", "np.sum(labels == named)", "That is the number of films: return their share."),
        Slip("return accuracy, np.mean(recalls)", "return np.mean(recalls), accuracy", "They are swapped."),
        Slip("np.mean(labels == named)", "np.mean(labels != named)", "That is the share of mistakes."),
    ),
    so_what="MCA of such a model is one over the number of classes, however the test set is made up. Accuracy is "
    "whatever the largest class makes of it.",
)


def _maps_and_boxes(random: np.random.Generator) -> tuple[np.ndarray, list, int]:
    def box() -> tuple[int, int, int, int]:
        x0, y0 = (int(value) for value in random.integers(0, 14, 2))
        return x0, y0, x0 + int(random.integers(4, 11)), y0 + int(random.integers(4, 11))

    boxes = [[box() for _ in range(int(random.integers(1, 3)))] for _ in range(23)]
    return random.random((23, 6, 6)), boxes, 24


def _pointed(maps: np.ndarray, boxes: list, size: int) -> float:
    hits = 0
    step = size // maps.shape[1]
    for map_, own in zip(maps, boxes, strict=True):
        best = max(itertools.product(range(maps.shape[1]), repeat=2), key=lambda place: map_[place])
        middle_y, middle_x = (place * step + step // 2 for place in best)
        hits += any(middle_x in range(x0, x1) and middle_y in range(y0, y1) for x0, y0, x1, y1 in own)
    return hits / len(maps)


POINTED = Exercise(
    name="pointed",
    lesson=15,
    title="Where does the network look?",
    minutes=6,
    task="On how many films does the map's peak lie in a box? A map has few cells and the film many pixels: cell "
    "(i, j) of a map of u x v cells has its middle at the pixel ((i + 0.5) · size / u, (j + 0.5) · size / v). An "
    "opacity on each side gives two boxes; one of them is enough. Return the share of films.",
    hints=(
        "`np.unravel_index(map_.argmax(), map_.shape)` gives the row and the column of the peak. Rows are y.",
        "`any(...)` over the film's boxes asks `x0 <= x < x1 and y0 <= y < y1`; the mean over the films is the share.",
    ),
    expected="One map `[[0, 1], [0, 0]]` on a film of 8 pixels: its peak is at x = 6, y = 2. Box `(4, 0, 8, 3)`: 1.0.",
    stub='''
def my_pointing(maps, boxes, size):
    """maps (n, u, v); boxes: of each film a list of (x0, y0, x1, y1) in pixels; size of a film. Returns the share."""
    ...
''',
    solution="""
def my_pointing(maps, boxes, size):
    hits = []
    for map_, own in zip(maps, boxes):
        i, j = np.unravel_index(map_.argmax(), map_.shape)
        y, x = (i + 0.5) * size / map_.shape[0], (j + 0.5) * size / map_.shape[1]
        hits.append(any(x0 <= x < x1 and y0 <= y < y1 for x0, y0, x1, y1 in own))
    return np.mean(hits)
""",
    cases=drawn(_maps_and_boxes, 6),
    truth=_pointed,
    rule="the share of films whose map peaks in one of the boxes",
    slips=(
        Slip("in own)", "in own[:1])", "Only the first box counts: go through all of them."),
        Slip("any(", "all(", "One of the boxes is enough: any, not all."),
        Slip(
            "y, x = (i + 0.5) * size / map_.shape[0], (j + 0.5) * size / map_.shape[1]",
            "y, x = i, j",
            "Cells are compared with pixels: a cell is several pixels wide.",
        ),
        Slip(
            "y, x = (i + 0.5) * size / map_.shape[0], (j + 0.5) * size / map_.shape[1]",
            "y, x = i * size / map_.shape[0], j * size / map_.shape[1]",
            "That is a cell's corner: its middle is half a cell further.",
        ),
        Slip("i, j = np", "j, i = np", "Rows and columns are swapped: the first index is the row, y."),
        Slip("np.mean(hits)", "np.sum(hits)", "That is the number of films: return their share."),
    ),
    so_what="Beside it belongs what a peak at random would hit: the boxes' share of the area.",
)


def _scores(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    before, after = random.random((2, 30, 3))
    return before, after, random.permutation(np.repeat([0, 1, 2], 10)), int(random.integers(0, 3))


def _turned(before: np.ndarray, after: np.ndarray, labels: np.ndarray, rare: int) -> int:
    count = 0
    for one, other, label in zip(before.tolist(), after.tolist(), labels.tolist(), strict=True):
        count += label != rare and max(one) != one[rare] and max(other) == other[rare]
    return count


TURNED = Exercise(
    name="turned",
    lesson=15,
    title="How many films does the mark turn?",
    minutes=4,
    task="The same films without a mark (`before`) and with it (`after`): scores for each class. A film of another "
    "class is *turned* if it was not called `rare` before and is called so after. Return how many are.",
    hints=(
        "`before.argmax(1) == rare` says which films are called rare.",
        "Join three conditions with `&`: another class, called rare now, and not (`~`) called so before.",
    ),
    expected="Two films of class 0, rare = 1: `[[3, 1], [3, 1]]` before and `[[3, 1], [1, 2]]` after: one is turned.",
    stub='''
def my_turned(before, after, labels, rare):
    """before, after (n, classes): scores of the same films; labels (n,); rare: a class. Returns a number of films."""
    ...
''',
    solution="""
def my_turned(before, after, labels, rare):
    others = labels != rare
    was, now = before.argmax(1) == rare, after.argmax(1) == rare
    return int((others & now & ~was).sum())
""",
    cases=drawn(_scores, 6),
    truth=_turned,
    rule="films of other classes that are called rare with the mark only",
    slips=(
        Slip("others & now & ~was", "others & now", "Some of these were called rare without the mark already."),
        Slip("others & now & ~was", "now & ~was", "Films of the rare class count as well: leave them out."),
        Slip(
            "(others & now & ~was).sum()",
            "(others & now).sum() - (others & was).sum()",
            "That is the difference of two counts: films that turn back are taken off.",
        ),
        Slip("others & now & ~was", "others & (now != was)", "Films that turn back count as well: ask for one way."),
        Slip("others & now & ~was", "others & ~now & was", "That is the other way: called rare without the mark only."),
        Slip(
            "before.argmax(1) == rare, after.argmax(1) == rare",
            "before[:, rare] > 0.5, after[:, rare] > 0.5",
            "A class is called if its score is the largest of all, not above a half.",
        ),
    ),
    so_what="Nothing changed on these films but the mark. So every one that is turned was judged by the mark.",
)


def _predicted(random: np.random.Generator) -> tuple:
    labels = random.permutation(np.repeat([0, 1, 2], [9, 8, 13]))
    seeds = int(random.integers(3, 6))
    control, care = (random.integers(0, 3, (seeds, 30)) for _ in range(2))
    return control, care, labels, int(random.integers(0, 3)), t_of


def _paired(control: np.ndarray, care: np.ndarray, labels: np.ndarray, rare: int, _: object) -> list[float]:
    found = []
    for one, other in zip(control.tolist(), care.tolist(), strict=True):
        own = [place for place, label in enumerate(labels.tolist()) if label == rare]
        found.append((sum(other[i] == rare for i in own) - sum(one[i] == rare for i in own)) / len(own))
    low, high = stats.t.interval(0.95, len(found) - 1, np.mean(found), stats.sem(found))
    return [float(np.mean(found)), float(high - low) / 2]


HELPS = Exercise(
    name="does_care_help",
    lesson=15,
    title="Does CARE help here?",
    minutes=6,
    task="Each row of `control` and of `care` holds the predicted classes of one seed. For each seed take the recall "
    "of the rare class with CARE less that of the control. Return the mean of these differences, and half the width "
    "of its 95 % interval, $t \\, s / \\sqrt{n}$ over n seeds.",
    hints=(
        "`(care[:, labels == rare] == rare).mean(1)` is the recall of each seed.",
        "`d.std(ddof=1)` is s, `t_of(len(d))` is t.",
    ),
    expected="Differences 0.1, 0.2 and 0.3 over three seeds: 0.2 and 0.248.",
    stub='''
def my_gain(control, care, labels, rare, t_of):
    """control, care (seeds, n): predicted classes; labels (n,); rare: a class. Returns (mean gain, half-width)."""
    ...
''',
    solution="""
def my_gain(control, care, labels, rare, t_of):
    own = labels == rare
    d = (care[:, own] == rare).mean(1) - (control[:, own] == rare).mean(1)
    return d.mean(), t_of(len(d)) * d.std(ddof=1) / len(d) ** 0.5
""",
    cases=drawn(_predicted, 6),
    truth=_paired,
    rule="the mean of the paired differences in recall, and half of its 95 % interval",
    slips=(
        Slip(
            "(care[:, own] == rare).mean(1) - (control[:, own] == rare).mean(1)",
            "(care == labels).mean(1) - (control == labels).mean(1)",
            "That is the accuracy over all films: ask for the recall of the rare class.",
        ),
        Slip("d.mean(), t_of", "-d.mean(), t_of", "The sign is turned: CARE less the control."),
        Slip("d.std(ddof=1)", "d.std()", "The standard deviation divides by n: of a sample take n - 1, ddof=1."),
        Slip(" / len(d) ** 0.5", "", "The root of n is missing: so far single seeds spread, not their mean."),
        Slip("t_of(len(d))", "1.96", "1.96 is for very many seeds: for so few take Student's t."),
        Slip(
            "d.std(ddof=1)",
            "((care[:, own] == rare).mean(1).var(ddof=1) + (control[:, own] == rare).mean(1).var(ddof=1)) ** 0.5",
            "That is not paired: it holds the spread between seeds, which both arms share.",
        ),
    ),
    so_what="An interval that holds zero says 'not seen', not 'not there'. One that leaves it out says that it "
    "helped, on these films.",
)

EXERCISES = (RAREST, ALWAYS, POINTED, TURNED, HELPS)
