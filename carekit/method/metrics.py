"""Metrics of the paper (section 4.1) and of attention: arrays in, numbers out, and the table of those shown.

Shapes: n images, c classes, m of the images have a box, images of h x w. Shares and recalls are in [0, 1].
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from scipy import stats
from sklearn.metrics import confusion_matrix, roc_auc_score

from carekit.ground.registry import Registry


def recalls(labels: Int[np.ndarray, " n"], predicted: Int[np.ndarray, " n"], n_classes: int) -> Float[np.ndarray, " c"]:
    """Recall of each class; NaN for a class without a sample. Lesson 1."""
    confusion = confusion_matrix(labels, predicted, labels=np.arange(n_classes))  # (c, c), rows are the truth
    totals = confusion.sum(1)
    return np.divide(confusion.diagonal(), totals, out=np.full(n_classes, np.nan), where=totals > 0)


def mean_auc(labels: Int[np.ndarray, " n"], probabilities: Float[np.ndarray, "n c"]) -> float:
    """Mean one-vs-rest area under the ROC curve over the classes that are neither absent nor alone; NaN if none.

    Lesson 1.
    """
    n_classes = probabilities.shape[1]
    present = [c for c in range(n_classes) if 0 < (labels == c).sum() < len(labels)]
    if not present:
        return float("nan")
    return float(np.mean([roc_auc_score(labels == c, probabilities[:, c]) for c in present]))


def precisions(
    labels: Int[np.ndarray, " n"], predicted: Int[np.ndarray, " n"], n_classes: int
) -> Float[np.ndarray, " c"]:
    """Of the images called a class, the share that are of it; NaN for a class that is never named. Lesson 11."""
    confusion = confusion_matrix(labels, predicted, labels=np.arange(n_classes))  # (c, c), rows are the truth
    totals = confusion.sum(0)
    return np.divide(confusion.diagonal(), totals, out=np.full(n_classes, np.nan), where=totals > 0)


def false_alarms(labels: Int[np.ndarray, " n"], predicted: Int[np.ndarray, " n"], rarest: int) -> int:
    """How many images of other classes are called the rarest one. Lesson 11."""
    return int(((predicted == rarest) & (labels != rarest)).sum())


def class_auc(labels: Int[np.ndarray, " n"], probabilities: Float[np.ndarray, "n c"], index: int) -> float:
    """One class's one-vs-rest area under the ROC curve; NaN where it is absent or alone. Lesson 11."""
    of_class = labels == index
    if of_class.all() or not of_class.any():
        return float("nan")
    return float(roc_auc_score(of_class, probabilities[:, index]))


def recall_by_false_alarms(
    labels: Int[np.ndarray, " n"], probabilities: Float[np.ndarray, "n c"], rarest: int
) -> Float[np.ndarray, " k"]:
    """The rarest class's recall at the threshold that lets 0, 1, 2, ... images of other classes pass as it.

    A model that only says the rare class's name more often gains recall and false alarms together; at an equal number
    of false alarms it gains nothing.

    Lesson 11.
    """
    score = probabilities[:, rarest]
    others = np.sort(score[labels != rarest])[::-1]
    rare = score[labels == rarest]
    if not len(rare):
        return np.full(len(others) + 1, np.nan)
    thresholds = np.append(others, -np.inf)  # above the k-th highest of the others, k images of them pass
    return (rare[None] > thresholds[:, None]).mean(1)


def attention_inside(maps: Float[np.ndarray, "n h w"], m_in: np.ndarray) -> Float[np.ndarray, " n"]:
    """Share of each map's sum that falls inside its boxes; NaN for a map that is zero everywhere.

    A map that is the same everywhere scores the box's share of the image's area: compare with that.

    Lesson 3.
    """
    total = maps.sum((1, 2))
    inside = (maps * m_in).sum((1, 2))
    return np.divide(inside, total, out=np.full(len(maps), np.nan), where=total > 0)


def pointing_game(maps: Float[np.ndarray, "n h w"], m_in: np.ndarray) -> Float[np.ndarray, " n"]:
    """1 where the map's highest pixel is in a box, else 0 (Zhang et al. 2018); NaN for a map that is zero.

    Lesson 12.
    """
    flat = maps.reshape(len(maps), -1)
    hit = m_in.reshape(len(maps), -1)[np.arange(len(maps)), flat.argmax(1)] > 0
    return np.where(flat.max(1, initial=0) > 0, hit.astype(float), np.nan)


def attended_area(maps: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    """Share of the image in which each normalised map is above one half: how large its bright area is. Lesson 8."""
    return (maps > 0.5).mean((1, 2))


def mean_and_half_width(values: ArrayLike, confidence: float = 0.95) -> tuple[float, float]:
    """Mean over seeds and half the width of its Student-t interval; the half width is NaN for a single value.

    Lesson 5.
    """
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return float(values.mean()), float("nan")
    t = stats.t.ppf((1 + confidence) / 2, len(values) - 1)
    return float(values.mean()), float(t * values.std(ddof=1) / np.sqrt(len(values)))


@dataclass(frozen=True)
class Judged:
    """All that a metric may use: what a model said of a test set, and where it looked.

    probabilities (n, c) and labels (n,) are of all images; rarest is the number of the rarest class; maps (m, h, w) of
    the true class and masks m_in (m, h, w) are of the rarest class's images that have a box.

    Lesson 5.
    """

    probabilities: Float[np.ndarray, "n c"]
    labels: Int[np.ndarray, " n"]
    rarest: int
    maps: Float[np.ndarray, "m h w"]
    m_in: np.ndarray

    @cached_property
    def predicted(self) -> Int[np.ndarray, " n"]:
        """The class of the highest probability."""
        return self.probabilities.argmax(1)

    @cached_property
    def recalls(self) -> Float[np.ndarray, " c"]:
        """The recall of each class."""
        return recalls(self.labels, self.predicted, self.probabilities.shape[1])

    @cached_property
    def precisions(self) -> Float[np.ndarray, " c"]:
        """The precision of each class."""
        return precisions(self.labels, self.predicted, self.probabilities.shape[1])


class Metric(NamedTuple):
    """A number that is shown: its name, a short one for charts, its range, and how it is computed.

    Lesson 5.
    """

    label: str
    short: str
    range: tuple[float, float]
    function: Callable[[Judged], float]


def _mean_over_boxes(judged: Judged, of: Callable) -> float:
    if not len(judged.maps):
        return float("nan")
    # A map that is zero everywhere attends nowhere: it scores 0, it is not left out.
    return float(np.nan_to_num(of(judged.maps, judged.m_in)).mean())


METRICS: Registry[Metric] = Registry(
    "metric",
    {
        "mca": Metric("mean class accuracy (MCA)", "MCA", (0, 1), lambda j: float(np.nanmean(j.recalls))),
        "auc": Metric("mean one-vs-rest AUC", "AUC", (0, 1), lambda j: mean_auc(j.labels, j.probabilities)),
        "accuracy": Metric("accuracy", "accuracy", (0, 1), lambda j: float((j.predicted == j.labels).mean())),
        "rare_recall": Metric("recall of the rare class", "recall", (0, 1), lambda j: float(j.recalls[j.rarest])),
        "rare_precision": Metric(
            "precision of the rare class", "precision", (0, 1), lambda j: float(j.precisions[j.rarest])
        ),
        "rare_auc": Metric(
            "AUC of the rare class", "rare AUC", (0, 1), lambda j: class_auc(j.labels, j.probabilities, j.rarest)
        ),
        "false_alarms": Metric(
            "other diseases called the rare one",
            "false alarms",
            (0, float("inf")),
            lambda j: float(false_alarms(j.labels, j.predicted, j.rarest)),
        ),
        "attention_inside": Metric(
            "share of attention inside the box", "share inside", (0, 1), lambda j: _mean_over_boxes(j, attention_inside)
        ),
        "attention_uniform": Metric(
            "attention of a uniform map",
            "uniform",
            (0, 1),
            lambda j: float(j.m_in.mean()) if len(j.maps) else float("nan"),
        ),
        "pointing": Metric(
            "peak of the map inside the box", "peak", (0, 1), lambda j: _mean_over_boxes(j, pointing_game)
        ),
        "attended_area": Metric(
            "share of the image that is attended to",
            "bright area",
            (0, 1),
            lambda j: _mean_over_boxes(j, lambda maps, _m_in: attended_area(maps)),
        ),
    },
)
HEADLINE = ("rare_recall", "mca", "auc", "attention_inside")
EQUAL_RECALL = "rare_recall_equal"  # a comparison with a control, so no metric of a model alone
