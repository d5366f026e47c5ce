import numpy as np

from carekit.data.masks import around
from carekit.material.autobox.components import Cut
from carekit.material.autobox.dsr import dsr
from carekit.material.autobox.frame import fill_frame, find_frame
from carekit.material.autobox.picture import find_box
from carekit.material.autobox.quality import compare


def vignette(size, radius):
    y, x = np.mgrid[:size, :size] / (size - 1) * 2 - 1
    return np.hypot(y, x) > radius


def test_a_vignette_is_found_with_a_small_margin_and_filled(lesion):
    image, _ = lesion
    dark = vignette(64, 1.1)
    framed = np.where(dark[:, :, None], 5, image).astype(np.uint8)
    found = find_frame(framed)
    assert found[dark].all()
    assert found.sum() < 2 * dark.sum()
    filled = fill_frame(framed, found)
    np.testing.assert_array_equal(filled[~found], image[~found])
    assert filled[found].min() > 100  # skin


def test_black_bars_are_a_frame():
    image = np.full((64, 64, 3), 180, np.uint8)
    image[:, :3] = 0
    image[:, -3:] = 0
    found = find_frame(image)
    assert found[:, :3].all() and found[:, -3:].all() and not found[:, 8:-8].any()


def test_a_dark_lesion_in_the_middle_is_no_frame():
    image = np.full((64, 64, 3), 180, np.uint8)
    image[20:40, 20:40] = 10
    assert not find_frame(image).any()


def test_a_dark_lesion_at_a_side_is_no_frame():
    image = np.full((64, 64, 3), 180, np.uint8)
    image[20:40, :20] = 10
    assert not find_frame(image).any()


def test_an_image_that_is_dark_all_over_has_no_frame():
    assert not find_frame(np.zeros((32, 32, 3), np.uint8)).any()


def test_the_box_is_that_of_the_image_without_a_frame(lesion):
    image, mask = lesion
    framed = np.where(vignette(64, 1.1)[:, :, None], 5, image).astype(np.uint8)
    assert compare(find_box(framed, dsr, Cut()), around(mask)[None], 64)["iou"] > 0.7
