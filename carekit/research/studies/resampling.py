"""Intervals of a difference between two arms, over the images and over the seeds.

Lesions are drawn with replacement, all images of a lesion together and as many lesions of each class as there are, and
so are seeds; in each draw both arms are judged on the same images by the same seeds.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from carekit.method.metrics import EQUAL_RECALL

DRAWS = 1000
RESAMPLED = ("rare_recall", "rare_precision", "rare_auc", EQUAL_RECALL, "mca", "attention_inside")
Weights = Float[np.ndarray, " n"]


class Answers(NamedTuple):
    """The answers of one arm, for each of s seeds, to the same n images.

    probabilities: of every class. inside: the share of attention inside the box, NaN for an image that has none.
    """

    probabilities: Float[np.ndarray, "s n c"]
    inside: Float[np.ndarray, "s n"]


class Images(NamedTuple):
    """The n images that all arms are judged on: labels, lesions, and the number of the rarest class."""

    labels: Int[np.ndarray, " n"]
    groups: np.ndarray
    rarest: int


class Sorted(NamedTuple):
    """One arm and seed, prepared so that many weightings are quick: n images, m of the others, r of the rarest.

    order: the others from the highest score of the rarest class down. above, level: of each image of the rarest class,
    how many of the others have a higher score, and how many have one at least as high.
    """

    called: Int[np.ndarray, " n"]
    order: Int[np.ndarray, " m"]
    above: Int[np.ndarray, " r"]
    level: Int[np.ndarray, " r"]
    inside: Float[np.ndarray, " n"]


def prepare(answers: Answers, seed: int, images: Images) -> Sorted:
    """The answers of one seed, sorted."""
    rare = images.labels == images.rarest
    score = answers.probabilities[seed, :, images.rarest]
    others = np.flatnonzero(~rare)
    order = others[np.argsort(-score[others], kind="stable")]
    above = np.searchsorted(-score[order], -score[rare], side="left")
    level = np.searchsorted(-score[order], -score[rare], side="right")
    return Sorted(answers.probabilities[seed].argmax(1), order, above, level, answers.inside[seed])


def alarms(answers: Sorted, images: Images, weights: Weights) -> float:
    """How many images of other classes are called the rarest one, each counted by its weight."""
    return float(weights[(answers.called == images.rarest) & (images.labels != images.rarest)].sum())


def statistics(answers: Sorted, images: Images, weights: Weights, allowed: float) -> Float[np.ndarray, " k"]:
    """The metrics of `RESAMPLED`, image i counted weights[i] times; recall at equal false alarms lets at most
    `allowed` of the others pass."""
    rare = images.labels == images.rarest
    right = (answers.called == images.labels) * weights  # (n,)
    classes = np.bincount(images.labels, weights)
    recalls = np.bincount(images.labels, right)[classes > 0] / classes[classes > 0]
    named = weights[answers.called == images.rarest].sum()
    of_rare = weights[rare]
    passed = np.concatenate([[0.0], weights[answers.order].cumsum()])
    beaten = passed[-1] - (passed[answers.above] + passed[answers.level]) / 2  # a tie is half a win
    first = np.searchsorted(passed[1:], allowed, side="right")  # of the others that must not pass, the first
    seen = np.isfinite(answers.inside)
    return np.array(
        [
            right[rare].sum() / of_rare.sum(),
            right[rare].sum() / named if named else np.nan,
            of_rare @ beaten / (of_rare.sum() * passed[-1]),
            of_rare @ (answers.level <= first) / of_rare.sum(),
            recalls.mean(),
            answers.inside[seen] @ weights[seen] / weights[seen].sum() if seen.any() else np.nan,
        ]
    )


def differences(
    answers: Mapping[str, Answers],
    controls: Mapping[str, str],
    pairs: Sequence[tuple[str, str]],
    images: Images,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Paired differences with 95 % percentile intervals over lesions and seeds.

    Args:
        answers: arm -> what it says.
        controls: arm -> the arm whose false alarms it is allowed, for recall at equal false alarms; else its own.
        pairs: (arm, the arm it is compared with).
        images: what they are judged on.
        draws: how many.
        seed: of the draws.

    Returns:
        One row a pair and metric: arm, control, metric, difference, low, high.
    """
    rng = np.random.default_rng(seed)
    n_seeds = len(next(iter(answers.values())).probabilities)
    ready = {}
    for arm, of_arm in answers.items():
        ready[arm] = [prepare(of_arm, i, images) for i in range(n_seeds)]
    measured = _means(ready, controls, images, np.ones(len(images.labels)), np.arange(n_seeds))
    resampled = []
    for _ in range(draws):
        weights = draw_lesions(images, rng)
        resampled.append(_means(ready, controls, images, weights, rng.integers(0, n_seeds, n_seeds)))
    rows = []
    for arm, control in pairs:
        difference = measured[arm] - measured[control]  # (k,)
        drawn = np.stack([draw[arm] - draw[control] for draw in resampled])  # (draws, k)
        low, high = np.nanquantile(drawn, [0.025, 0.975], axis=0)
        for i, name in enumerate(RESAMPLED):
            pair = {"arm": arm, "control": control, "metric": name}
            rows.append(pair | {"difference": difference[i], "low": low[i], "high": high[i]})
    return pd.DataFrame(rows)


def draw_lesions(images: Images, rng: np.random.Generator) -> Weights:
    """How often each image counts when lesions are drawn with replacement, class by class."""
    weights = np.zeros(len(images.labels))
    for label in np.unique(images.labels):
        of = images.labels == label
        _, places = np.unique(images.groups[of], return_inverse=True)
        count = places.max() + 1
        # n lesions are drawn n times, each with chance 1 / n: all images of a lesion count alike.
        weights[of] = rng.multinomial(count, np.full(count, 1 / count))[places]
    return weights


def _means(
    ready: Mapping[str, Sequence[Sorted]],
    controls: Mapping[str, str],
    images: Images,
    weights: Weights,
    seeds: Int[np.ndarray, " s"],
) -> dict[str, Float[np.ndarray, " k"]]:
    """Of each arm the metrics, averaged over these seeds; a seed that is drawn twice counts twice."""
    times = np.bincount(seeds, minlength=len(next(iter(ready.values()))))  # how often each seed was drawn
    drawn = np.flatnonzero(times)
    means = {}
    for arm, of_arm in ready.items():
        control = ready[controls.get(arm, arm)]
        of_seeds = []
        for i in drawn.tolist():
            # Equal false alarms are the control's, on the same draw of images and with the same seed.
            allowed = alarms(control[i], images, weights)
            of_seeds.append(statistics(of_arm[i], images, weights, allowed))
        means[arm] = np.average(np.stack(of_seeds), axis=0, weights=times[drawn])  # (s, k) -> (k,)
    return means
