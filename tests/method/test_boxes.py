import numpy as np
import pytest
import torch

from carekit.method import boxes


def test_rasterise_holds_the_pixels_whose_centre_is_inside():
    rng = np.random.default_rng(0)
    for _ in range(50):
        low = rng.uniform(0, 10, 2)
        box = np.concatenate([low, low + rng.uniform(1.5, 10, 2)])[None]
        expected = np.zeros((12, 14), np.uint8)
        for i in range(12):
            for j in range(14):
                expected[i, j] = box[0, 0] <= j + 0.5 < box[0, 2] and box[0, 1] <= i + 0.5 < box[0, 3]
        np.testing.assert_array_equal(boxes.rasterise(box, (12, 14)), expected)


def test_several_boxes_make_their_union():
    both = np.array([[0, 0, 4, 4], [2, 2, 6, 6.0]])
    union = boxes.rasterise(both[:1], (8, 8)) | boxes.rasterise(both[1:], (8, 8))
    np.testing.assert_array_equal(boxes.rasterise(both, (8, 8)), union)


@pytest.mark.parametrize("box", [(3.6, 2.6, 3.9, 2.9), (7.9, 7.9, 8, 8), (0, 0, 0.1, 0.1), (2.2, 0, 2.4, 8)])
def test_a_box_thinner_than_a_pixel_still_marks_one(box):
    assert boxes.rasterise(np.array([box]), (8, 8)).sum() >= 1


def test_scale_keeps_the_centre_and_multiplies_the_sides():
    box = np.array([[20, 30, 40, 60.0]])
    np.testing.assert_allclose(boxes.scale(box, 0.5, (100, 100)), [[25, 37.5, 35, 52.5]])
    np.testing.assert_allclose(boxes.scale(box, 1.0, (100, 100)), box)


def test_a_scaled_box_is_clipped_to_the_image():
    np.testing.assert_allclose(boxes.scale(np.array([[0, 0, 10, 10.0]]), 2, (12, 12)), [[0, 0, 12, 12]])


@pytest.mark.parametrize("factor", [0, -1, 3.1, float("nan")])
def test_a_scale_out_of_range_is_refused(factor):
    with pytest.raises(ValueError, match="box_scale .* out of range"):
        boxes.scale(np.array([[0, 0, 4, 4.0]]), factor, (8, 8))


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ((3, 3, 3, 5), "empty or reversed"),
        ((5, 3, 2, 5), "empty or reversed"),
        ((9, 9, 12, 12), "outside its 8 x 8"),
        ((-5, 0, 0, 4), "outside its 8 x 8"),
        ((0, 0, float("nan"), 4), "not four finite numbers"),
    ],
)
def test_a_bad_box_is_refused_and_its_image_named(box, words):
    with pytest.raises(ValueError, match=rf"lesion-7.*{words}"):
        boxes.check([box], (8, 8), "lesion-7")


def test_a_box_partly_outside_is_clipped():
    np.testing.assert_array_equal(boxes.check([(-2, 3, 4, 20)], (8, 8)), [[0, 3, 4, 8]])


def test_box_masks_of_a_batch_name_the_image_without_a_box():
    m_in, has_box = boxes.box_masks([[(0, 0, 4, 4)], [], [(0, 0, 1, 1), (7, 7, 8, 8)]], (8, 8))
    assert has_box.tolist() == [True, False, True]
    assert m_in.flatten(1).sum(1).tolist() == [16, 0, 2]


def test_outer_mask_binary_is_the_complement():
    m_in, _ = boxes.box_masks([[(2, 2, 5, 6)]], (8, 8))
    assert torch.equal(boxes.outer_mask(m_in), 1 - m_in.float())


def test_outer_mask_by_distance_grows_with_the_distance_to_the_nearest_box_pixel():
    m_in, _ = boxes.box_masks([[(2, 3, 4, 5)]], (8, 9))
    inside = np.argwhere(m_in[0].numpy())
    expected = np.array([[min(np.hypot(*(inside - [i, j]).T)) for j in range(9)] for i in range(8)]) / np.hypot(8, 9)
    np.testing.assert_allclose(boxes.outer_mask(m_in, "distance")[0], expected, rtol=1e-6)


def test_an_unknown_outer_mask_is_refused():
    with pytest.raises(ValueError, match="choose one of binary, distance"):
        boxes.outer_mask(torch.zeros(1, 4, 4, dtype=torch.uint8), "gaussian")
