import numpy as np
import pytest

from carekit.material.autobox.quality import centred, compare, overlap_table, summary


def test_two_boxes_are_compared_as_by_hand():
    found = compare(np.array([[0, 0, 4, 4.0]]), np.array([[2, 2, 8, 5.0]]), 10)
    # 16 and 18 pixels, 2 x 2 in common; centres (2, 2) and (5, 3.5).
    assert found["iou"] == pytest.approx(4 / 30)
    assert found["coverage"] == pytest.approx(4 / 18)
    assert found["size_ratio"] == pytest.approx(16 / 18)
    assert found["centre_error"] == pytest.approx(np.hypot(3, 1.5) / np.hypot(10, 10))


def test_a_box_is_as_good_as_itself():
    box = np.array([[1, 2, 5, 7.0]])
    assert compare(box, box, 10) == {"iou": 1, "coverage": 1, "size_ratio": 1, "centre_error": 0}


def test_of_several_boxes_their_union_counts():
    two = np.array([[0, 0, 4, 4], [2, 0, 6, 4.0]])
    assert compare(two, np.array([[0, 0, 6, 4.0]]), 8)["iou"] == 1


def test_no_box_is_an_overlap_of_zero_and_has_no_centre():
    found = compare(np.zeros((0, 4)), np.array([[1, 1, 3, 3.0]]), 8)
    assert found["iou"] == found["coverage"] == found["size_ratio"] == 0 and np.isnan(found["centre_error"])


def test_every_true_image_is_judged_also_without_a_box():
    true = {3: np.array([[0, 0, 4, 4.0]]), 5: np.array([[0, 0, 4, 4.0]]), 7: np.zeros((0, 4))}
    table = overlap_table({3: true[3]}, true, 8)
    assert table.row.tolist() == [3, 5] and table.iou.tolist() == [1, 0]


def test_the_summary_counts_those_below():
    true = {i: np.array([[0, 0, 8, 8.0]]) for i in range(4)}
    found = {i: np.array([[0, 0, 8, 2.0 * i + 2]]) for i in range(4)}  # 0.25, 0.5, 0.75, 1
    text = summary(overlap_table(found, true, 8))
    assert text["images"] == 4 and text["iou_median"] == 0.625 and text["iou_mean"] == 0.625
    assert text["iou_quartile_1"] == pytest.approx(0.4375) and text["iou_quartile_3"] == pytest.approx(0.8125)
    assert text["below_0.3"] == 0.25


def test_the_floor_is_one_box_in_the_middle():
    true = {0: np.array([[0, 0, 4, 2.0]]), 1: np.array([[3, 3, 5, 9.0]])}
    assert {i: box.tolist() for i, box in centred(true, 10).items()} == {0: [[3.5, 3, 6.5, 7]], 1: [[3.5, 3, 6.5, 7]]}
