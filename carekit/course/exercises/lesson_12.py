"""Exercises of lesson 12: what a map is worth."""

from collections.abc import Callable

import numpy as np
from scipy import stats

from carekit.course.exercises.calling import Unusable
from carekit.course.exercises.exercise import drawn, solution


def draw_box_mask(random: np.random.Generator) -> np.ndarray:
    """M_in of a box of 4 to 9 places in a map of 6 x 9, at the upper left corner now and then."""
    M_in = np.zeros((6, 9))
    height, width = random.integers(2, 4, size=2)
    y0, x0 = int(random.integers(0, 3)), int(random.integers(0, 3))
    M_in[y0 : y0 + height, x0 : x0 + width] = 1
    return M_in


def properties_of_map(function: Callable, M_in: np.ndarray) -> list[float]:
    """Of the map that a learner constructs: half of it inside, the peak outside, lowest 0, highest 1 (each 0 or 1)."""
    F = np.asarray(function(M_in), float)
    if F.shape != M_in.shape or not np.isfinite(F).all() or F.sum() <= 0:
        raise Unusable("Return a map of the shape of M_in, with numbers that are not all 0.")
    if not (F * M_in).any():
        raise Unusable("Your map is 0 everywhere inside the box: half of its sum should be there.")
    half_inside = (F * M_in).sum() / F.sum() >= 0.5
    outside = F[M_in == 0].max() > F[M_in == 1].max()
    return [float(half_inside), float(outside), float(np.isclose(F.min(), 0)), float(np.isclose(F.max(), 1))]


@solution(
    # Many maps are right: what they have in common is compared, not the map.
    cases=drawn(lambda random: (draw_box_mask(random),), 12),
    truth=lambda M_in: [1.0, 1.0, 1.0, 1.0],
    probe=properties_of_map,
)
def my_map(M_in: np.ndarray) -> np.ndarray:
    """M_in (h, w): 1 inside the box, 0 outside. Returns a map (h, w)."""
    F = 0.9 * M_in
    row, column = np.argwhere(M_in == 0)[0]
    F[row, column] = 1
    return F


def draw_votes(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    # About as many votes for the class as against it.
    return random.normal(size=(6, 9)), draw_box_mask(random)


def shares_place_by_place(F: np.ndarray, M_in: np.ndarray) -> list[float]:
    """Place by place: the share inside of the map without its lowest value, and of what is above 0."""
    shares = []
    for value in (lambda vote: vote - F.min(), lambda vote: max(vote, 0.0)):
        total = sum(value(vote) for vote in F.ravel())
        inside = sum(value(F[i, j]) for i, j in np.argwhere(M_in))
        shares.append(inside / (total or 1.0))  # without a vote inside is 0 as well
    return shares


def draw_votes_against(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return -1 - random.random((6, 9)), draw_box_mask(random)


def draw_faint_votes(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    F, M_in = draw_votes(random)
    return 0.001 * F, M_in


@solution(
    cases={
        **drawn(draw_votes),
        # 0/0 in the second share; and a sum that is small is still one to divide by.
        "every vote is against": lambda: draw_votes_against(np.random.default_rng(3)),
        "faint votes": lambda: draw_faint_votes(np.random.default_rng(4)),
    },
    truth=shares_place_by_place,
)
def my_shares(F: np.ndarray, M_in: np.ndarray) -> tuple:
    """F (h, w): votes; M_in (h, w) of 0 and 1. Returns (share after min-max, share of the votes for the class)."""

    def share(map_):
        total = map_.sum()
        return (map_ * M_in).sum() / total if total > 0 else 0

    return share(F - F.min()), share(np.maximum(F, 0))


def draw_two_maps(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    # Cubes: a few large values decide the correlation of the values, not that of the ranks. Both signs occur.
    a = random.normal(size=(3, 4, 5)) ** 3
    return a, random.choice([-1, 1]) * a + random.normal(size=a.shape)


def draw_two_cut_maps(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    # Behind a ReLU half of the values are equal, which is where ranks and places in the order part.
    a, b = draw_two_maps(random)
    return np.maximum(a, 0), np.maximum(b, 0)


def constant_maps() -> tuple[np.ndarray, np.ndarray]:
    """One image's first map is constant, another one's second map."""
    a, b = draw_two_maps(np.random.default_rng(8))
    a[0], b[1] = -1.5, 0.25
    return a, b


def likeness_by_scipy(a: np.ndarray, b: np.ndarray) -> float:
    """By SciPy's rank correlation; images with a constant map add nothing to the sum."""
    pairs = [(one.ravel(), other.ravel()) for one, other in zip(a, b, strict=True) if np.ptp(one) and np.ptp(other)]
    return sum(stats.spearmanr(one, other)[0] for one, other in pairs) / len(a)


@solution(
    cases={
        **drawn(draw_two_maps, 4),
        "maps behind a ReLU": lambda: draw_two_cut_maps(np.random.default_rng(5)),
        "constant maps": constant_maps,
    },
    truth=likeness_by_scipy,
)
def my_likeness(a: np.ndarray, b: np.ndarray) -> float:
    """a, b (n, u, v): two maps of each of n images. Returns their mean rank correlation."""
    from scipy.stats import rankdata

    found = []
    for one, other in zip(a, b):
        flat = np.ptp(one) == 0 or np.ptp(other) == 0
        found.append(0 if flat else np.corrcoef(rankdata(one), rankdata(other))[0, 1])
    return np.mean(found)


def draw_linear_score(random: np.random.Generator) -> tuple[Callable, np.ndarray, np.ndarray, int]:
    """A score to which every pixel adds separately, so that each square's share of it is known."""
    # 3 x 4 squares of 2 pixels: neither side has as many squares as a square has pixels.
    weights, image = random.normal(size=(6, 8, 3)), random.uniform(1, 9, size=(6, 8, 3))

    def score(picture: np.ndarray) -> float:
        return float((weights * picture).sum())

    score.weights = weights  # type: ignore[attr-defined]
    return score, image, random.uniform(1, 9, size=3), 2


def drops_by_squares(score: Callable, image: np.ndarray, cover: np.ndarray, side: int) -> np.ndarray:
    """What each pixel adds to the score, summed over the squares without covering any."""
    lost = (score.weights * (image - cover)).sum(2)  # type: ignore[attr-defined]
    return np.add.reduceat(np.add.reduceat(lost, range(0, len(image), side), 0), range(0, image.shape[1], side), 1)


@solution(cases=drawn(draw_linear_score), truth=drops_by_squares)
def my_occlusion(score: Callable, image: np.ndarray, cover: np.ndarray, side: int) -> np.ndarray:
    """score(image) -> a number; image (h, w, 3); cover: a colour (3,); side: pixels. Returns how far it falls."""
    before = score(image)
    falls = np.zeros((image.shape[0] // side, image.shape[1] // side))
    for i, j in np.ndindex(*falls.shape):
        covered = image.copy()
        covered[i * side : (i + 1) * side, j * side : (j + 1) * side] = cover
        falls[i, j] = before - score(covered)
    return falls


def draw_said_and_done(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    # Shares far from one half and from each other; saying and doing go together a little.
    says, does = random.random((2, 40)) < random.uniform(0.1, 0.9, size=(2, 1))
    return says, does | (says & (random.random(40) < 0.3))


def agreement_of_pairs(says: np.ndarray, does: np.ndarray) -> list[float]:
    """By chance: what the map says of one image against what happened to any other."""
    agree = says[:, None] == does[None, :]  # (images, images): an image against itself is on the diagonal
    return [agree.diagonal().sum() / len(says), agree.sum() / agree.size]


@solution(
    cases={**drawn(draw_said_and_done), "nothing turns": lambda: (np.arange(40) < 9, np.zeros(40, bool))},
    truth=agreement_of_pairs,
)
def my_agreement(says: np.ndarray, does: np.ndarray) -> tuple:
    """says, does (n,): True or False for each image. Returns (share that agrees, share by chance)."""
    p, q = says.mean(), does.mean()
    return (says == does).mean(), p * q + (1 - p) * (1 - q)
