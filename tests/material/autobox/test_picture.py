import numpy as np
import pytest
from PIL import Image

from carekit.material.autobox.bms import bms
from carekit.material.autobox.components import Cut
from carekit.material.autobox.dsr import dsr
from carekit.material.autobox.picture import as_colours, find_box, saliency_map

METHODS = pytest.mark.parametrize("saliency", [dsr, bms])


@METHODS
@pytest.mark.parametrize("value", [0, 200])
def test_an_image_of_one_colour_has_no_box(saliency, value):
    assert find_box(np.full((40, 40, 3), value, np.uint8), saliency).shape == (0, 4)


@METHODS
def test_a_very_large_image_is_reduced_and_its_box_is_in_its_own_pixels(lesion, saliency):
    image, _ = lesion
    large = np.asarray(Image.fromarray(image).resize((1536, 1024), Image.Resampling.NEAREST))
    assert saliency_map(large, saliency).shape == (171, 256)
    x0, y0, x1, y1 = find_box(large, saliency, Cut("otsu"))[0]
    assert x0 < 720 < x1 and y0 < 544 < y1  # the lesion's middle
    assert 300 < x1 - x0 < 1200 and 200 < y1 - y0 < 800


@METHODS
def test_a_grey_image_is_as_good_as_one_of_three_equal_colours(lesion, saliency):
    grey = lesion[0].mean(-1).astype(np.uint8)
    three = np.repeat(grey[:, :, None], 3, axis=2)
    expected = find_box(three, saliency)
    assert len(expected) == 1
    np.testing.assert_array_equal(find_box(grey, saliency), expected)
    np.testing.assert_array_equal(find_box(grey[:, :, None], saliency), expected)


def test_what_is_transparent_is_white():
    image = np.zeros((16, 16, 4), np.uint8)
    image[:8, :, 3] = 255
    colours = as_colours(image)
    assert not colours[:8].any() and (colours[8:] == 255).all()


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((15, 40, 3), np.uint8), "15 x 40 pixels: at least 16"),
        (np.zeros((40, 40, 2), np.uint8), r"shape \(40, 40, 2\)"),
        (np.zeros((2, 40, 40, 3), np.uint8), "shape"),
        (np.zeros((40, 40, 3)), "float64 where uint8"),
        (np.zeros((40, 40, 3), np.uint16), "uint16 where uint8"),
    ],
)
def test_what_is_no_picture_is_refused_and_named(image, words):
    with pytest.raises(ValueError, match=f"mole-3.*{words}"):
        find_box(image, dsr, name="mole-3")


@METHODS
def test_the_smallest_image_that_is_allowed_is_no_fault(saliency):
    image = np.full((16, 16, 3), 200, np.uint8)
    image[5:11, 5:11] = 40
    assert find_box(image, saliency).shape[1] == 4
