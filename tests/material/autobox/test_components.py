import numpy as np
import pytest
from skimage.filters import threshold_otsu

from carekit.material.autobox.components import Cut, large_components, rectangle


@pytest.fixture
def spots():
    """A map with a large spot, a middling one and a speck."""
    map = np.zeros((20, 20))
    map[2:10, 3:9] = 0.9
    map[12:16, 12:16] = 0.7
    map[18, 18] = 0.6
    return map


def test_the_box_holds_what_is_left_when_small_components_are_dropped(spots):
    assert Cut(smallest=0.1).box(spots).tolist() == [[3, 2, 16, 16]]
    assert Cut(smallest=0.5).box(spots).tolist() == [[3, 2, 9, 10]]
    assert Cut(smallest=0).box(spots).tolist() == [[3, 2, 19, 19]]


def test_the_threshold_is_exceeded_not_reached(spots):
    assert Cut(0.7).box(spots).tolist() == [[3, 2, 9, 10]]


def test_otsu_finds_a_threshold_in_each_map(spots):
    np.testing.assert_array_equal(Cut("otsu").mask(spots / 4), spots / 4 > threshold_otsu(spots / 4))
    assert Cut("otsu").box(spots / 4).tolist() == Cut("otsu").box(spots).tolist()


def test_pixels_that_touch_at_a_corner_are_one_component():
    mask = np.eye(6, dtype=bool)
    assert large_components(mask, 1.0).sum() == 6


@pytest.mark.parametrize("map", [np.zeros((9, 9)), np.full((9, 9), 0.4), np.ones((9, 9))])
@pytest.mark.parametrize("threshold", [0.5, "otsu"])
def test_where_nothing_or_everything_stands_out_there_is_no_box(map, threshold):
    assert Cut(threshold).box(map).shape == (0, 4)


def test_an_empty_mask_has_neither_components_nor_a_rectangle():
    empty = np.zeros((5, 5), bool)
    assert not large_components(empty, 0.1).any()
    assert rectangle(empty).shape == (0, 4)


@pytest.mark.parametrize("threshold", [0, 1, -0.2, float("nan"), "otsuu"])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(ValueError, match="threshold = "):
        Cut(threshold)


def test_a_share_out_of_range_is_refused():
    with pytest.raises(ValueError, match="smallest = 1.5 is out of range"):
        Cut(smallest=1.5)
