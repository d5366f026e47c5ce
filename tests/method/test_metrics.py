import numpy as np
import pytest
from scipy import stats

from carekit.method import metrics

LABELS = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 0, 2])


def test_recalls_by_hand():
    np.testing.assert_allclose(metrics.recalls(LABELS, PREDICTED, 3), [2 / 3, 1 / 2, 1])
    assert np.nanmean(metrics.recalls(LABELS, PREDICTED, 3)) == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)


def test_precisions_and_false_alarms_by_hand():
    np.testing.assert_allclose(metrics.precisions(LABELS, PREDICTED, 4), [2 / 3, 1 / 2, 1, np.nan])
    assert [metrics.false_alarms(LABELS, PREDICTED, c) for c in range(3)] == [1, 1, 0]


def test_recall_by_false_alarms_is_what_each_threshold_gives():
    """Against every threshold one by one: the best recall among those that let no more than k others pass."""
    rng = np.random.default_rng(1)
    labels, p = rng.integers(0, 3, 30), rng.random((30, 3)).round(1)  # with ties
    found = metrics.recall_by_false_alarms(labels, p, 2)
    others, rare = p[labels != 2, 2], p[labels == 2, 2]
    assert len(found) == len(others) + 1 and found[-1] == 1
    for k, recall in enumerate(found):
        passing = [(rare > t).mean() for t in (*others, -1.0) if (others > t).sum() <= k]
        assert recall == max(passing)


def test_saying_the_rare_name_more_often_gains_nothing_at_equal_false_alarms():
    rng = np.random.default_rng(2)
    labels, p = rng.integers(0, 3, 60), rng.dirichlet([1, 1, 1], 60)
    biased = p * [1, 1, 5]
    biased /= biased.sum(1, keepdims=True)
    recalls = [metrics.recalls(labels, each.argmax(1), 3)[2] for each in (p, biased)]
    assert recalls[1] > recalls[0]
    alike = [metrics.recall_by_false_alarms(labels, each[:, [2]] @ np.array([[0, 0, 1.0]]), 2) for each in (p, p * 0.1)]
    np.testing.assert_array_equal(*alike)


def test_an_absent_class_is_left_out():
    assert np.isnan(metrics.recalls(LABELS, PREDICTED, 4)[3])
    assert np.nanmean(metrics.recalls(LABELS, PREDICTED, 4)) == np.nanmean(metrics.recalls(LABELS, PREDICTED, 3))


def test_auc_is_the_share_of_pairs_in_the_right_order():
    rng = np.random.default_rng(0)
    labels, p = rng.integers(0, 3, 40), rng.random((40, 3)).round(1)  # with ties
    areas = []
    for c in range(3):
        positive, negative = p[labels == c, c], p[labels != c, c]
        wins = (positive[:, None] > negative).mean() + 0.5 * (positive[:, None] == negative).mean()
        areas.append(wins)
    assert metrics.mean_auc(labels, p) == pytest.approx(np.mean(areas))


def test_auc_of_a_single_class_is_not_a_number():
    assert np.isnan(metrics.mean_auc(np.zeros(4, int), np.full((4, 2), 0.5)))


def test_attention_inside_is_a_share_of_the_sum():
    maps, box = np.zeros((3, 4, 4)), np.zeros((3, 4, 4))
    box[:, :2, :2] = 1
    maps[0, 0, 0], maps[0, 3, 3] = 3, 1
    maps[1] = 1
    found = metrics.attention_inside(maps, box)
    np.testing.assert_allclose(found, [0.75, 0.25, np.nan])


def test_the_pointing_game_looks_at_the_peak():
    maps, box = np.zeros((3, 4, 4)), np.zeros((3, 4, 4))
    box[:, :2, :2] = 1
    maps[0, 1, 1], maps[1, 2, 2] = 1, 1
    np.testing.assert_array_equal(metrics.pointing_game(maps, box), [1, 0, np.nan])


def test_the_interval_is_students():
    values = [0.5, 0.7, 0.9, 0.6]
    mean, half = metrics.mean_and_half_width(values)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (mean - half, mean + half) == pytest.approx((low, high))
    assert np.isnan(metrics.mean_and_half_width([0.5])[1])
