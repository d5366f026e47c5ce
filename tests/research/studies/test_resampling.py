"""Weighted metrics against repeated images and scikit-learn; intervals against what they must do."""

import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score, roc_auc_score

from carekit.method.metrics import EQUAL_RECALL, recall_by_false_alarms
from carekit.research.studies.resampling import (
    RESAMPLED,
    Answers,
    Images,
    alarms,
    differences,
    draw_lesions,
    prepare,
    statistics,
)


@pytest.fixture
def images():
    labels = np.repeat([0, 1, 2], [30, 20, 12])
    return Images(labels, np.arange(62) // 2, 2)


def answers(images, skill, seeds=2, seed=0):
    rng = np.random.default_rng(seed)
    raw = rng.random((seeds, len(images.labels), 3)) + skill * np.eye(3)[images.labels]
    raw = raw.round(1)  # ties
    inside = np.where(images.labels == 2, rng.random((seeds, len(images.labels))), np.nan)
    return Answers(raw / raw.sum(2, keepdims=True), inside)


def test_a_weight_is_so_many_copies(images):
    rng = np.random.default_rng(1)
    own, control = answers(images, 0.5), answers(images, 0.4, seed=5)
    weights = rng.integers(1, 4, len(images.labels))
    copies = np.repeat(np.arange(len(weights)), weights)
    many = Images(images.labels[copies], images.groups[copies], 2)
    taken = Answers(own.probabilities[:, copies], own.inside[:, copies])
    allowed = alarms(prepare(control, 0, images), images, weights.astype(float))
    found = statistics(prepare(own, 0, images), images, weights.astype(float), allowed)
    assert found == pytest.approx(statistics(prepare(taken, 0, many), many, np.ones(len(copies)), allowed))
    labels, said = many.labels, taken.probabilities[0].argmax(1)
    score = taken.probabilities[0, :, 2]
    expected = {
        "rare_recall": recall_score(labels == 2, said == 2),
        "rare_precision": precision_score(labels == 2, said == 2),
        "rare_auc": roc_auc_score(labels == 2, score),
        EQUAL_RECALL: recall_by_false_alarms(labels, taken.probabilities[0], 2)[int(allowed)],
        "mca": recall_score(labels, said, average="macro"),
        "attention_inside": np.nanmean(taken.inside[0]),
    }
    assert dict(zip(RESAMPLED, found, strict=True)) == pytest.approx(expected)


def test_lesions_are_drawn_whole_and_class_by_class(images):
    weights = draw_lesions(images, np.random.default_rng(0))
    pairs = weights.reshape(-1, 2)
    assert (pairs[:, 0] == pairs[:, 1]).all() and len(set(weights)) > 2
    assert [weights[images.labels == c].sum() for c in range(3)] == [30, 20, 12]


def test_an_arm_does_not_differ_from_itself_and_a_better_one_does(images):
    arms = {"control": answers(images, 0.1), "same": answers(images, 0.1), "better": answers(images, 2.0)}
    table = differences(arms, {"better": "control"}, [("same", "control"), ("better", "control")], images, draws=50)
    same = table[(table.arm == "same") & (table.metric != EQUAL_RECALL)]
    assert (same[["difference", "low", "high"]] == 0).all(axis=None)
    better = table[(table.arm == "better") & table.metric.isin(["rare_recall", "mca", "rare_auc"])]
    assert (better.low > 0).all() and (better.low <= better.difference).all()


def test_one_seed_more_or_less_moves_the_interval(images):
    """Two seeds that disagree give a wider interval than two that agree."""
    apart = answers(images, 0.1)
    apart.probabilities[1] = answers(images, 3.0).probabilities[1]
    alike = Answers(apart.probabilities[[0, 0]], apart.inside[[0, 0]])
    arms = {"control": answers(images, 0.1, seed=3), "apart": apart, "alike": alike}
    table = differences(arms, {}, [("apart", "control"), ("alike", "control")], images, draws=80).set_index("arm")
    widths = {arm: (row.high - row.low).iloc[4] for arm, row in table.groupby("arm")}
    assert widths["apart"] > 1.5 * widths["alike"]
