"""Exercises of lesson 9: boxes that nobody drew, and how good they are."""

import numpy as np

from carekit.course.exercises.exercise import Exercise, Slip, drawn

Box = tuple[int, int, int, int]


def _box(random: np.random.Generator, size: int = 9) -> Box:
    x0, y0 = (int(value) for value in random.integers(0, size - 3, 2))
    return x0, y0, int(random.integers(x0 + 2, size + 1)), int(random.integers(y0 + 1, size + 1))


def _pixels(box: Box) -> set[tuple[int, int]]:
    x0, y0, x1, y1 = box
    return {(x, y) for x in range(x0, x1) for y in range(y0, y1)}


IOU = Exercise(
    name="iou",
    cell="exercise",
    lesson=9,
    title="Intersection over union",
    minutes=4,
    level="warm-up",
    task="Boxes are `(x0, y0, x1, y1)` in pixels, half-open: their width is `x1 - x0`. Return the area that both hold "
    "over the area that at least one holds; boxes that do not meet give 0.",
    hints=(
        "The shared box begins at the larger of both beginnings and ends at the smaller of both ends.",
        "A side below 0 means that they do not meet: `max(0, ...)` on each side. The union is the sum of both areas "
        "less the shared one.",
    ),
    expected="`(0, 0, 2, 2)` and `(1, 0, 3, 2)` share 2 of 6 pixels: 0.333.",
    stub='''
def my_iou(a, b):
    """a, b: boxes (x0, y0, x1, y1). Returns the intersection over the union."""
    ...
''',
    solution="""
def my_iou(a, b):
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    both = width * height
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (a, b)]
    return both / (sum(areas) - both)
""",
    cases={
        **drawn(lambda random: (_box(random), _box(random)), 6),
        "they meet": lambda: ((1, 2, 6, 5), (3, 1, 9, 4)),
        "apart in x and in y": lambda: ((0, 0, 2, 2), (5, 6, 8, 9)),
        "apart in x alone": lambda: ((0, 0, 2, 4), (5, 1, 8, 9)),
    },
    truth=lambda a, b: len(_pixels(a) & _pixels(b)) / len(_pixels(a) | _pixels(b)),
    rule="the shared area over the area that either box holds",
    slips=(
        Slip("(sum(areas) - both)", "sum(areas)", "The sum of both areas has the shared one twice: take it off once."),
        Slip("(sum(areas) - both)", "areas[1]", "That is the coverage of the second box: divide by the union."),
        Slip("(sum(areas) - both)", "areas[0]", "That is the share of the first box: divide by the union."),
        Slip("max(0, min", "abs(min", "Boxes that are apart share nothing: a side below 0 counts as 0."),
        Slip("(x1 - x0) * (y1 - y0)", "(x1 - x0 + 1) * (y1 - y0 + 1)", "A half-open side is x1 - x0 long, without 1."),
        Slip("both / (sum(areas) - both)", "both", "That is the shared area in pixels: divide by the union."),
    ),
    so_what="The overlap falls faster than the eye expects: a box of the right size that is off by a third of its "
    "width has an IoU of only one half.",
)


def _found_and_true(random: np.random.Generator) -> tuple[list[Box], list[Box], tuple[int, int]]:
    found, true = ([_box(random) for _ in range(int(random.integers(1, 4)))] for _ in range(2))
    return found, true, (9, 9)


def _covered(found: list[Box], true: list[Box], size: tuple[int, int]) -> float:
    wanted = set().union(*map(_pixels, true))
    return len(wanted & set().union(*map(_pixels, found))) / len(wanted)


COVERAGE = Exercise(
    name="coverage",
    lesson=9,
    title="Several boxes in one image",
    minutes=5,
    level="bonus",
    task="A method may find several boxes, and an image may have several true ones. Make $M_{in}$ of each group: 1 "
    "inside *any* of its boxes. The **coverage** is the share of the true mask that the found mask holds.",
    hints=(
        "One mask for the found boxes, one for the true ones: zeros, then a rectangle of 1 for each box.",
        "`(mask * truth).sum() / truth.sum()`.",
    ),
    expected="Found `[(0, 0, 2, 1), (1, 0, 3, 1)]`, true `[(1, 0, 5, 1)]`, size `(1, 6)`: 2 of 4 pixels, 0.5.",
    stub='''
def my_coverage(found, true, size):
    """found, true: lists of boxes (x0, y0, x1, y1); size (height, width). Returns the share of the true mask found."""
    ...
''',
    solution="""
def my_coverage(found, true, size):
    mask, truth = np.zeros(size), np.zeros(size)
    for x0, y0, x1, y1 in found:
        mask[y0:y1, x0:x1] = 1
    for x0, y0, x1, y1 in true:
        truth[y0:y1, x0:x1] = 1
    return (mask * truth).sum() / truth.sum()
""",
    cases={
        **drawn(_found_and_true, 6),
        "two overlap": lambda: ([(0, 0, 4, 3), (2, 1, 6, 4)], [(1, 0, 8, 5), (3, 2, 9, 7)], (9, 9)),
        "none is found": lambda: ([], [(1, 2, 5, 8)], (9, 9)),
    },
    truth=_covered,
    rule="the share of the true mask's pixels that lie in a found box",
    slips=(
        Slip(
            "mask[y0:y1, x0:x1] = 1", "mask[y0:y1, x0:x1] += 1", "Where found boxes overlap, pixels count twice: set 1."
        ),
        Slip("/ truth.sum()", "/ np.maximum(mask, truth).sum()", "That is the IoU: divide by the true mask alone."),
        Slip("/ truth.sum()", "/ max(1, mask.sum())", "That is the share of the *found* mask: divide by the true one."),
        Slip("in true:", "in true[:1]:", "Only the first true box counts: go through all of them."),
        Slip("in found:", "in found[:1]:", "Only the first found box counts: go through all of them."),
        Slip("mask[y0:y1, x0:x1]", "mask[x0:x1, y0:y1]", "x and y are swapped: rows are y, columns are x."),
    ),
    so_what="A box around the whole image has coverage 1 and tells nothing. So coverage stands beside the IoU, never "
    "alone.",
)


def _blobs(random: np.random.Generator) -> tuple[np.ndarray, float]:
    rows, columns = np.mgrid[:9, :11]
    map_ = np.zeros((9, 11))
    for height, row, column, width in ((1.0, 2, 3, 2.2), (0.9, 7, 8, 4.0)):
        i, j = row + random.uniform(-1, 1), column + random.uniform(-1, 1)
        map_ = np.maximum(map_, height * np.exp(-((rows - i) ** 2 + (columns - j) ** 2) / width))
    return map_ / map_.max(), float(random.choice([0.4, 0.5, 0.6]))


def _grown(map_: np.ndarray, threshold: float) -> list[int]:
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


BOX_OF_MAP = Exercise(
    name="box_of_map",
    lesson=9,
    title="From a map to a box",
    minutes=5,
    task="Keep what exceeds the threshold. Of its *components* (places that are joined by their sides) take the one "
    "that holds the map's peak. Its tight rectangle is the box.",
    hints=(
        "`from scipy.ndimage import label`: `label(mask)[0]` gives each component a number, 0 outside. The peak is at "
        "`map_.argmax()` of the flattened map.",
        "`rows, columns = np.nonzero(part)`. The box ends *behind* the last row and column: it is half-open.",
    ),
    expected="`[[0.9, 0.2, 0.8], [1, 0.1, 0.7]]` with threshold 0.5: `(0, 0, 1, 2)`. The right column is another "
    "component.",
    stub='''
def my_box(map_, threshold):
    """map_ (h, w) in [0, 1], threshold below its peak. Returns (x0, y0, x1, y1) around the peak's component."""
    ...
''',
    solution="""
def my_box(map_, threshold):
    from scipy.ndimage import label
    parts = label(map_ > threshold)[0]
    part = parts == parts.flat[map_.argmax()]
    rows, columns = np.nonzero(part)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
""",
    cases=drawn(_blobs, 6),
    truth=_grown,
    rule="the tight, half-open rectangle around the peak's component",
    slips=(
        Slip(
            "part = parts == parts.flat[map_.argmax()]",
            "part = parts > 0",
            "The box holds all components: take the one of the peak.",
        ),
        Slip(
            "parts.flat[map_.argmax()]",
            "np.bincount(parts.flat)[1:].argmax() + 1",
            "That is the largest component: take the one that holds the peak.",
        ),
        Slip(
            "columns.max() + 1, rows.max() + 1",
            "columns.max(), rows.max()",
            "The last row and column are lost: a half-open box ends behind them.",
        ),
        Slip(
            "columns.min(), rows.min(), columns.max() + 1, rows.max() + 1",
            "rows.min(), columns.min(), rows.max() + 1, columns.max() + 1",
            "x and y are swapped: columns are x, rows are y.",
        ),
        Slip("map_ > threshold", "map_ > 0", "The threshold is not used: keep what exceeds it."),
        Slip(
            "columns.max() + 1, rows.max() + 1",
            "np.ptp(columns) + 1, np.ptp(rows) + 1",
            "Those are width and height: return the second corner.",
        ),
    ),
    so_what="Everything hangs on the peak: if the map peaks on ink, the box holds ink. A box of a map is never better "
    "than the map.",
)


def _overlaps(random: np.random.Generator) -> tuple[np.ndarray]:
    return (np.round(random.random((int(random.integers(3, 7)), int(random.integers(2, 6)))) ** 1.5, 3),)


def _hits(ious: np.ndarray) -> list[float]:
    pairs = {place for place in np.ndindex(*ious.shape) if ious[place] >= 0.5}
    return [len({i for i, _ in pairs}) / len(ious), len({j for _, j in pairs}) / len(ious.T)]


PRECISION_RECALL = Exercise(
    name="box_precision_recall",
    lesson=9,
    title="Precision and recall of boxes",
    minutes=4,
    task="A found box is *right* if its IoU with some true box is at least 0.5. **Precision** is the share of found "
    "boxes that are right. **Recall** is the share of true boxes that some found box hits. `ious[i, j]` is the IoU of "
    "found box i with true box j.",
    hints=(
        "`hit = ious >= 0.5` says for each pair whether they belong together.",
        "A found box is right if *any* of its row is true: `hit.any(axis=1)`. The mean of it is the share.",
    ),
    expected="`[[0.8, 0.1], [0.6, 0.2], [0.0, 0.3]]`: precision 2 / 3, recall 1 / 2.",
    stub='''
def my_precision_recall(ious):
    """ious (found, true): the overlap of each found box with each true one. Returns (precision, recall)."""
    ...
''',
    solution="""
def my_precision_recall(ious):
    hit = ious >= 0.5
    return hit.any(axis=1).mean(), hit.any(axis=0).mean()
""",
    cases={
        **drawn(_overlaps, 6),
        "two on the same true box": lambda: (np.array([[0.8, 0.1], [0.6, 0.2], [0.0, 0.3]]),),
        "one at the limit": lambda: (np.array([[0.5, 0.1], [0.2, 0.4], [0.7, 0.3]]),),
    },
    truth=_hits,
    rule="the share of found boxes that hit, and the share of true boxes that are hit",
    slips=(
        Slip(
            "hit.any(axis=1).mean(), hit.any(axis=0).mean()",
            "hit.any(axis=0).mean(), hit.any(axis=1).mean()",
            "They are swapped: precision asks the found boxes, recall the true ones.",
        ),
        Slip("hit.any(axis=0).mean()", "hit.sum() / len(ious.T)", "Two found boxes on one true box count it twice."),
        Slip(">= 0.5", "> 0.5", "An IoU of exactly 0.5 is at least 0.5."),
        Slip(
            "hit.any(axis=1).mean(), hit.any(axis=0).mean()",
            "hit.mean(), hit.mean()",
            "That is the share of hits among all *pairs*: ask of each box whether any pair hits.",
        ),
        Slip(
            "hit.any(axis=1).mean(), hit.any(axis=0).mean()",
            "ious.max(axis=1).mean(), ious.max(axis=0).mean()",
            "That is the mean of the best overlaps: count those of at least 0.5.",
        ),
    ),
    so_what="Who finds more boxes gets more recall and less precision, by the threshold alone. For training, a wrong "
    "box may cost more than a missing one: an image without a box only takes no part in the attention loss.",
)


def _tried(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    in_train = np.arange(12) % 3 > 0
    good, better = random.choice(5, 2, replace=False)
    iou = random.random((5, 12)) * 0.4
    iou[good, in_train] += 0.4
    iou[better, ~in_train] += 0.6
    return np.round(iou, 3), in_train


def _by_training(iou: np.ndarray, in_train: np.ndarray) -> list[float]:
    def mean(row: list[float], part: bool) -> float:
        chosen = [value for value, inside in zip(row, in_train.tolist(), strict=True) if inside == part]
        return sum(chosen) / len(chosen)

    rows = iou.tolist()
    best = max(range(len(rows)), key=lambda i: mean(rows[i], True))
    return [best, mean(rows[best], False)]


CHOOSE = Exercise(
    name="choose_threshold",
    lesson=9,
    title="Choose the threshold on training images only",
    minutes=5,
    task="`iou[i, j]` is the overlap that threshold i gives on image j. Choose the threshold with the best mean IoU on "
    "the *training* images. Return its number, and the mean IoU that it has on the *other* images.",
    hints=(
        "`iou[:, in_train]` are the columns of the training images; take the mean of each row.",
        "`argmax` gives the number of the best row. The other images are `~in_train`.",
    ),
    expected="iou `[[0.4, 0.9], [0.5, 0.1]]` and in_train `[True, False]`: threshold 1, and 0.1 on the other image.",
    stub='''
def my_threshold(iou, in_train):
    """iou (thresholds, images); in_train (images,) of True and False. Returns (number of the threshold, mean IoU)."""
    ...
''',
    solution="""
def my_threshold(iou, in_train):
    chosen = iou[:, in_train].mean(axis=1).argmax()
    return chosen, iou[chosen, ~in_train].mean()
""",
    cases=drawn(_tried, 6),
    truth=_by_training,
    rule="the best threshold on training images, and its mean IoU on the others",
    slips=(
        Slip("iou[:, in_train]", "iou[:, ~in_train]", "It was chosen on the test images: so its result is too good."),
        Slip("iou[:, in_train]", "iou", "It was chosen on all images, the test images among them."),
        Slip("iou[chosen, ~in_train]", "iou[chosen, in_train]", "Report the images on which it was *not* chosen."),
        Slip("iou[chosen, ~in_train]", "iou[chosen]", "Report only the images on which it was not chosen."),
        Slip(".argmax()", ".argmin()", "That is the worst threshold."),
        Slip(
            "iou[chosen, ~in_train].mean()",
            "iou[:, ~in_train].max(axis=0).mean()",
            "That takes the best threshold of each test image, which nobody knows beforehand.",
        ),
    ),
    so_what="A threshold is a parameter like any other: what was chosen on the test images is no longer tested by "
    "them.",
)


def _mark_and_box(random: np.random.Generator) -> tuple[np.ndarray, int, int]:
    mark = np.zeros((8, 10))
    row, column = int(random.integers(0, 3)), int(random.integers(0, 3))
    mark[row : row + 2, column : column + int(random.integers(2, 4))] = 1
    return mark, int(random.integers(2, 4)), int(random.integers(4, 7))


def _by_counting(mark: np.ndarray, height: int, width: int) -> float:
    """For each pixel of the mark, in how many of all places of the box it lies inside."""
    rows, columns = (length - side + 1 for length, side in zip(mark.shape, (height, width), strict=True))
    held = 0
    for i, j in np.argwhere(mark):
        held += (min(i, rows - 1) - max(0, i - height + 1) + 1) * (min(j, columns - 1) - max(0, j - width + 1) + 1)
    return held / (rows * columns * len(np.argwhere(mark)))


MARK_SHARE = Exercise(
    name="mark_in_random_box",
    lesson=9,
    title="Why do random boxes help?",
    minutes=5,
    task="A box of `height` x `width` pixels lies anywhere in the image, at each place where it fits equally often. "
    "`mark` is 1 on the ink and 0 elsewhere. Which share of the ink does such a box hold on average?",
    hints=(
        "Try all places: the upper row goes from 0 to `rows - height`, that one included.",
        "At each: `mark[y:y + height, x:x + width].sum() / mark.sum()`. The answer is the mean.",
    ),
    expected="Ink on the first of four pixels, `[[1, 0, 0, 0]]`, and a box of 1 x 2: one of three places holds it, "
    "0.333. The box has half of the area.",
    stub='''
def my_mark_share(mark, height, width):
    """mark (h, w) of 0 and 1; the sides of a box. Returns the mean share of the mark in a box at a random place."""
    ...
''',
    solution="""
def my_mark_share(mark, height, width):
    rows, columns = mark.shape
    shares = []
    for y in range(rows - height + 1):
        for x in range(columns - width + 1):
            shares.append(mark[y:y + height, x:x + width].sum() / mark.sum())
    return np.mean(shares)
""",
    cases=drawn(_mark_and_box, 6),
    truth=_by_counting,
    rule="the mean, over all places, of the share of the mark inside",
    slips=(
        Slip(
            "return np.mean(shares)",
            "return height * width / mark.size",
            "That is the box's share of the area. A mark at the border lies in fewer of the places than one in the "
            "middle.",
        ),
        Slip("columns - width + 1", "columns - width", "The last place is left out: the box still fits there."),
        Slip(
            "/ mark.sum())", "/ (height * width))", "That is the share of the *box* with ink: divide by the ink's sum."
        ),
        Slip(
            "mark[y:y + height, x:x + width].sum() / mark.sum()",
            "float(mark[y:y + height, x:x + width].any())",
            "That counts the boxes that touch the ink: ask how much of it they hold.",
        ),
        Slip("np.mean(shares)", "np.max(shares)", "That is the best place: take the mean of all of them."),
        Slip("mark[y:y + height, x:x + width]", "mark[y:y + width, x:x + height]", "Height and width are swapped."),
    ),
    so_what="A random box leaves most of a mark at the border outside. So the outer loss takes attention off the ink "
    "wherever the box lies: a gain proves that the ink was left, not that the box was right.",
)

EXERCISES = (IOU, COVERAGE, BOX_OF_MAP, PRECISION_RECALL, CHOOSE, MARK_SHARE)
