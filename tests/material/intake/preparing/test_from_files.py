import numpy as np
import pytest

from carekit.material.intake.preparing.from_files import lesion_box


def test_box_is_that_of_the_largest_component_and_its_companions():
    mask = np.zeros((100, 200), bool)
    mask[20:40, 50:90] = True  # 800 pixels
    mask[60:70, 100:110] = True  # 100, an eighth of it: part of the lesion
    mask[95:99, 190:199] = True  # 36: a speck
    assert lesion_box(mask, 100) == (25, 20, 55, 70)
    assert lesion_box(np.zeros((5, 5), bool), 10) is None
    assert lesion_box(np.ones((5, 7), bool), 10) == pytest.approx((0, 0, 10, 10))


def test_box_counts_pixels_that_touch_at_a_corner_as_one():
    assert lesion_box(np.eye(10, dtype=bool), 10) == (0, 0, 10, 10)
