"""Exercises of lesson 12: what a map is worth."""

import itertools
from collections.abc import Callable

import numpy as np
from scipy import stats

from carekit.course.exercises.calling import Unusable
from carekit.course.exercises.exercise import Choice, Exercise, Slip, drawn


def _box_mask(random: np.random.Generator) -> np.ndarray:
    """M_in of a box of 4 to 9 places in a map of 6 x 9, never at the first row."""
    M_in = np.zeros((6, 9))
    height, width = random.integers(2, 4, size=2)
    y0, x0 = int(random.integers(1, 6 - height)), int(random.integers(0, 9 - width))
    M_in[y0 : y0 + height, x0 : x0 + width] = 1
    return M_in


def _properties(function: Callable, M_in: np.ndarray) -> list[float]:
    """Of the map that a learner constructs: half of it inside, the peak outside, lowest 0, highest 1 (each 0 or 1)."""
    F = np.asarray(function(M_in), float)
    if F.shape != M_in.shape or not np.isfinite(F).all() or F.sum() <= 0:
        raise Unusable("Return a map of the shape of M_in, with numbers that are not all 0.")
    half_inside = (F * M_in).sum() / F.sum() >= 0.5
    outside = F[M_in == 0].max() > F[M_in == 1].max()
    return [float(each) for each in (half_inside, outside, np.isclose(F.min(), 0), np.isclose(F.max(), 1))]


HALF = Exercise(
    name="half_share",
    lesson=12,
    title="Make a map that lies",
    minutes=3,
    level="warm-up",
    task="Construct a map that any table would praise and any eye would blame: from 0 to 1, as after min-max; at "
    "least half of its sum lies inside the box; and its brightest place lies *outside*, on a sticker.",
    hints=(
        "A medium brightness everywhere in the box makes a large sum. The sticker needs one place only.",
        "`F = 0.9 * M_in`, then 1 at a place where `M_in` is 0: `np.argwhere(M_in == 0)` lists them.",
    ),
    expected="Four answers, each 1 for yes: half inside, peak outside, lowest 0, highest 1.",
    stub='''
def my_map(M_in):
    """M_in (h, w): 1 inside the box, 0 outside. Returns a map (h, w)."""
    ...
''',
    solution="""
def my_map(M_in):
    F = 0.9 * M_in
    row, column = np.argwhere(M_in == 0)[0]
    F[row, column] = 1
    return F
""",
    cases=drawn(lambda random: (_box_mask(random),)),
    truth=lambda M_in: [1.0, 1.0, 1.0, 1.0],
    rule="half of the sum inside, the peak outside, the lowest value 0, the highest 1 (four times yes, 1)",
    slips=(
        Slip("M_in == 0", "M_in == 1", "The brightest place lies inside the box: put it where M_in is 0."),
        Slip("= 1\n", "= 0.8\n", "The sticker is darker than the box, and nothing reaches 1."),
        Slip("= 1\n", "= 2\n", "After min-max no place is brighter than 1."),
        Slip("F = 0.9 * M_in", "F = 0.1 * M_in", "The box is too dark: the sticker alone outweighs its sum."),
        Slip(
            "F = 0.9 * M_in",
            "F = 0.5 + 0.4 * M_in",
            "A pedestal under the whole picture: its sum lies outside, and nothing is 0.",
        ),
    ),
    probe=_properties,
    so_what="So a share inside of one half does not say that the network looks at the lesion. Ask for the lift, for "
    "the peak, and for an experiment.",
)


def _votes(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return random.normal(size=(6, 9)), _box_mask(random)


def _shares(F: np.ndarray, M_in: np.ndarray) -> list[float]:
    """Place by place: the share inside of the map without its lowest value, and of what is above 0."""
    found = []
    for value in (lambda vote: vote - F.min(), lambda vote: max(vote, 0.0)):
        total = inside = 0.0
        for place in np.ndindex(*F.shape):
            total += value(F[place])
            inside += value(F[place]) * M_in[place]
        found.append(inside / total if total else 0.0)
    return found


TWO_SHARES = Exercise(
    name="two_shares",
    lesson=12,
    title="The share with its pedestal, and without",
    minutes=4,
    task="F holds *votes*: above 0 for the class, below 0 against it (lesson 2). Return two shares inside the box. The "
    "first is of the map less its lowest vote, as min-max makes it. The second is of the votes *for* the class alone: "
    "what is below 0 counts as 0. Where nothing is left to divide by, the share is 0.",
    hints=(
        "Write a small function `share(map_)` first; then call it with both maps.",
        "The maps are `F - F.min()` and `np.maximum(F, 0)`.",
    ),
    expected="`F = [[1, 0, -1]]` and `M_in = [[1, 0, 0]]`: 2 of 3, and 1 of 1: `(0.667, 1)`.",
    stub='''
def my_shares(F, M_in):
    """F (h, w): votes; M_in (h, w) of 0 and 1. Returns (share after min-max, share of the votes for the class)."""
    ...
''',
    solution="""
def my_shares(F, M_in):
    def share(map_):
        total = map_.sum()
        return (map_ * M_in).sum() / total if total > 0 else 0
    return share(F - F.min()), share(np.maximum(F, 0))
""",
    cases={
        **drawn(_votes),
        "every vote is against": lambda: (
            -1 - np.random.default_rng(3).random((6, 9)),
            _votes(np.random.default_rng(4))[1],
        ),
    },
    truth=_shares,
    rule="the share inside of F less its minimum, and of what is above 0 in F",
    slips=(
        Slip("share(F - F.min())", "share(F)", "The first map has lost its lowest vote: subtract the minimum."),
        Slip("np.maximum(F, 0)", "np.abs(F)", "A vote against the class is no vote for it: below 0 counts as 0."),
        Slip(
            " if total > 0 else 0",
            "",
            "Right but where every vote is against the class: nothing is left, which gives 0/0. Return 0 there.",
        ),
        Slip("total = map_.sum()", "total = M_in.sum()", "That is the mean inside: divide by the sum of the map."),
        Slip(
            "share(F - F.min()), share(np.maximum(F, 0))",
            "share(np.maximum(F, 0)), share(F - F.min())",
            "The two are swapped: the one after min-max comes first.",
        ),
    ),
    so_what="What min-max adds is the pedestal: one place that speaks against the class lifts all others. It lies "
    "everywhere, so it pulls each share towards the box's share of the area.",
)


def _pairs(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    a = random.normal(size=(3, 4, 5)) ** 3
    return a, random.choice([-1, 1]) * a + random.normal(size=a.shape)


def _cut(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    a, b = _pairs(random)
    return np.maximum(a, 0), np.maximum(b, 0)


def _one_constant() -> tuple[np.ndarray, np.ndarray]:
    a, b = _pairs(np.random.default_rng(8))
    b[1] = 0.25
    return a, b


def _likeness(a: np.ndarray, b: np.ndarray) -> float:
    pairs = zip(a, b, strict=True)
    found = [stats.spearmanr(one.ravel(), other.ravel())[0] if np.ptp(other) else 0.0 for one, other in pairs]
    return sum(found) / len(found)


LIKENESS = Exercise(
    name="likeness",
    lesson=12,
    title="How alike are two maps?",
    minutes=5,
    task="The **rank correlation** (Spearman's) of two maps: replace each value by its rank in its map, and correlate "
    "the ranks. 1 is the same order of places, 0 is no likeness, -1 the order turned round. Return its mean over the "
    "images. A map that is the same everywhere is like nothing: 0.",
    hints=(
        "`scipy.stats.rankdata(map_)` flattens a map and ranks it; equal values share a rank. A loop over "
        "`zip(a, b)` gives the pairs.",
        "`np.corrcoef(rankdata(one), rankdata(other))[0, 1]`; `np.ptp(one)` is 0 for a map that is the same "
        "everywhere.",
    ),
    expected="`a = [[[1, 2, 9]]]` and `b = [[[0, 3, 4]]]` have the same order: 1.",
    stub='''
def my_likeness(a, b):
    """a, b (n, u, v): two maps of each of n images. Returns their mean rank correlation."""
    ...
''',
    solution="""
def my_likeness(a, b):
    from scipy.stats import rankdata
    found = []
    for one, other in zip(a, b):
        flat = np.ptp(one) == 0 or np.ptp(other) == 0
        found.append(0 if flat else np.corrcoef(rankdata(one), rankdata(other))[0, 1])
    return np.mean(found)
""",
    cases={
        **drawn(_pairs, 4),
        "maps behind a ReLU": lambda: _cut(np.random.default_rng(5)),
        "a constant map": _one_constant,
    },
    truth=_likeness,
    rule="the mean over the images of the correlation of ranks",
    slips=(
        Slip(
            "rankdata(one), rankdata(other)",
            "one.ravel(), other.ravel()",
            "Those are the values' correlations, which one bright place can decide: take the ranks.",
        ),
        Slip(
            "rankdata(one), rankdata(other)",
            "one.argsort(None).argsort(), other.argsort(None).argsort()",
            "Right but where values are equal: zeros behind a ReLU share one rank, and argsort orders them.",
        ),
        Slip(
            "rankdata(one), rankdata(other)",
            "one.argsort(None), other.argsort(None)",
            "argsort gives the places in their order, not the rank of each place.",
        ),
        Slip(
            "np.corrcoef(rankdata(one), rankdata(other))[0, 1]",
            "abs(np.corrcoef(rankdata(one), rankdata(other))[0, 1])",
            "A map turned inside out is not alike: keep the sign.",
        ),
        Slip(
            "0 if flat else np",
            "np",
            "Right but for a map that is the same everywhere, which gives 0/0: it counts as 0.",
        ),
        Slip("np.mean(found)", "found[0]", "That is the first image alone: take the mean over all."),
    ),
    so_what="With it the test of Adebayo et al. (2018) is one line: the likeness of a map to the same network's map "
    "once its weights are random. It should be small.",
)


def _linear_score(random: np.random.Generator) -> tuple[Callable, np.ndarray, np.ndarray, int]:
    """A score whose every pixel counts by itself, so that each square's share of it is known."""
    weights, image = random.normal(size=(4, 6, 3)), random.uniform(1, 9, size=(4, 6, 3))

    def score(picture: np.ndarray) -> float:
        return float((weights * picture).sum())

    score.weights = weights  # type: ignore[attr-defined]
    return score, image, random.uniform(1, 9, size=3), 2


def _drops(score: Callable, image: np.ndarray, cover: np.ndarray, side: int) -> np.ndarray:
    lost = (score.weights * (image - cover)).sum(2)  # type: ignore[attr-defined]
    return np.add.reduceat(np.add.reduceat(lost, range(0, len(image), side), 0), range(0, image.shape[1], side), 1)


OCCLUSION = Exercise(
    name="occlusion",
    lesson=12,
    title="Cover it, and ask again",
    minutes=6,
    task="**Occlusion**: cover one square of the image with a plain colour, and see how far the score falls. Do it for "
    "each square of `side` x `side` pixels, always on the untouched image. The result is a map, made by experiment.",
    hints=(
        "`before = score(image)`. Then, for each square: a copy, the square coloured, `before - score(covered)`.",
        "`for i, j in np.ndindex(h // side, w // side)` goes through the squares; square (i, j) is "
        "`[i * side : (i + 1) * side, j * side : (j + 1) * side]`.",
    ),
    expected="A 4 x 6 image and side 2: a map of 2 x 3. Above 0 where the square spoke for the class.",
    stub='''
def my_occlusion(score, image, cover, side):
    """score(image) -> a number; image (h, w, 3); cover: a colour (3,); side: pixels. Returns how far it falls."""
    ...
''',
    solution="""
def my_occlusion(score, image, cover, side):
    before = score(image)
    falls = np.zeros((image.shape[0] // side, image.shape[1] // side))
    for i, j in np.ndindex(*falls.shape):
        covered = image.copy()
        covered[i * side : (i + 1) * side, j * side : (j + 1) * side] = cover
        falls[i, j] = before - score(covered)
    return falls
""",
    cases=drawn(_linear_score),
    truth=_drops,
    rule="for each square, the score of the image less that of the image with this square covered",
    slips=(
        Slip(
            "before - score(covered)",
            "score(covered) - before",
            "The sign is turned: a place that speaks for the class makes the score *fall*.",
        ),
        Slip(
            "for i, j in np.ndindex(*falls.shape):\n        covered = image.copy()\n",
            "covered = image.copy()\n    for i, j in np.ndindex(*falls.shape):\n",
            "The squares before it stay covered: begin each time with a fresh copy.",
        ),
        Slip("before - score(covered)", "score(covered)", "That is what is left of the score: take how far it falls."),
        Slip("= cover\n", "= 0\n", "Black is a mark of its own: use the colour that is given."),
        Slip(
            "[i * side : (i + 1) * side, j * side : (j + 1) * side]",
            "[i * side, j * side]",
            "One pixel of each square is covered: cover all of it.",
        ),
    ),
    so_what="No gradient and no layer is needed, so it works for any model that you can call. Its own weakness: a "
    "covered image is one that the network has never seen.",
)


def _said_and_done(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    says, does = random.random((2, 40)) < random.uniform(0.1, 0.9, size=(2, 1))
    return says, does | (says & (random.random(40) < 0.3))


def _agreement(says: np.ndarray, does: np.ndarray) -> list[float]:
    """By chance: what the map says of one image against what happened to any other."""
    agree = [float(a == b) for a, b in zip(says.tolist(), does.tolist(), strict=True)]
    crossed = [float(a == b) for a, b in itertools.product(says.tolist(), does.tolist())]
    return [sum(agree) / len(agree), sum(crossed) / len(crossed)]


AGREEMENT = Exercise(
    name="agreement",
    lesson=12,
    title="Do map and experiment agree?",
    minutes=4,
    task="For each image a map *says* whether the ink matters (its peak lies on the ink), and the ink test shows "
    "whether it *does* (the answer turns). Return the share of images on which both are the same, yes or no, and the "
    "share that chance alone would give: says yes in a share p, does in a share q, each without looking at the other.",
    hints=(
        "`says == does` compares image by image; its mean is a share.",
        "By chance both are yes in p q, and both no in (1 - p)(1 - q).",
    ),
    expected="says `[yes, no, no, no]`, does `[yes, yes, no, no]`: agree 0.75; p = 0.25, q = 0.5, so 0.5 by chance.",
    stub='''
def my_agreement(says, does):
    """says, does (n,): True or False for each image. Returns (share that agrees, share by chance)."""
    ...
''',
    solution="""
def my_agreement(says, does):
    p, q = says.mean(), does.mean()
    return (says == does).mean(), p * q + (1 - p) * (1 - q)
""",
    cases={**drawn(_said_and_done), "nothing turns": lambda: (np.arange(40) < 9, np.zeros(40, bool))},
    truth=_agreement,
    rule="the share on which both are the same, and p q + (1 - p)(1 - q)",
    slips=(
        Slip("says == does", "says & does", "Both saying no is agreement, too."),
        Slip("p * q + (1 - p) * (1 - q)", "p * q", "By chance both may say no as well: add (1 - p)(1 - q)."),
        Slip(
            "p * q + (1 - p) * (1 - q)",
            "0.5",
            "A half is right only if one of them says yes half of the time: use p and q.",
        ),
        Slip("(says == does).mean()", "(says == does).sum()", "That is a count: return a share."),
        Slip(
            "(says == does).mean(), p * q + (1 - p) * (1 - q)",
            "p * q + (1 - p) * (1 - q), (says == does).mean()",
            "The two are swapped: the agreement comes first.",
        ),
    ),
    so_what="Where ink turns few images, a map that always says no agrees almost always. Only what goes beyond chance "
    "counts.",
)

BELIEVE = Choice(
    name="believe",
    lesson=12,
    title="Which of these maps may be believed?",
    minutes=2,
    variable="my_map_to_believe",
    task="Five maps of one network, judged by two experiments. Which one may you show as evidence that the network "
    "looks at ink?\n\n"
    "| map | likeness, once the head is random | agrees with the ink test | by chance |\n"
    "|---|---|---|---|\n"
    "| one | 0.98 | 0.96 | 0.95 |\n"
    "| two | 0.12 | 0.95 | 0.95 |\n"
    "| three | 0.08 | 0.91 | 0.62 |\n"
    "| four | 0.90 | 0.90 | 0.62 |\n"
    "| five | 0.05 | 0.50 | 0.62 |",
    choices={
        "a": ("map one: it agrees best of all five", "so would a map that always says no: chance gives as much."),
        "b": ("map two: it hangs on the head, and agrees", "it hangs on the head, but agrees by chance only."),
        "c": ("map three", "it changes with the weights, and agrees far beyond chance."),
        "d": (
            "map four: it agrees far beyond chance",
            "it is bright on ink whatever the head has learned, so it would say so of any network.",
        ),
        "e": ("map five: it is the most sensitive to the weights", "it is, and it disagrees with the experiment."),
    },
    right="c",
    so_what="Two experiments, two ways to fail. Even the third map is believed here only for this network, this mark "
    "and these images.",
)

EXERCISES = (HALF, TWO_SHARES, LIKENESS, OCCLUSION, AGREEMENT, BELIEVE)
