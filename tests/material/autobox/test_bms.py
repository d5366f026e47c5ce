import numpy as np
from skimage.color import rgb2lab
from skimage.measure import label

from carekit.data.masks import around
from carekit.material.autobox.bms import LEVELS, bms, boolean_maps, surrounded
from carekit.material.autobox.components import Cut
from carekit.material.autobox.quality import compare
from carekit.material.autobox.scaling import min_max


def by_hand(image):
    """Threshold by threshold, region by region."""
    total = np.zeros(image.shape[:2])
    lab = rgb2lab(image)
    for c in range(3):
        low, high = lab[:, :, c].min(), lab[:, :, c].max()
        for k in range(1, LEVELS + 1):
            above = lab[:, :, c] > low + k * (high - low) / (LEVELS + 1)
            for region in (above, ~above):
                parts = label(region, connectivity=2)
                for number in range(1, parts.max() + 1):
                    part = parts == number
                    edge = part[0].any() or part[-1].any() or part[:, 0].any() or part[:, -1].any()
                    if not edge:
                        total += part
    return min_max(total)


def test_the_map_counts_how_often_a_pixel_is_surrounded():
    image = np.random.default_rng(0).integers(0, 255, (10, 12, 3), dtype=np.uint8)
    np.testing.assert_allclose(bms(image), by_hand(image), atol=1e-12)


def test_a_dark_ellipse_is_found(lesion):
    image, mask = lesion
    assert compare(Cut("otsu").box(bms(image)), around(mask)[None], 64)["iou"] > 0.8


def test_thresholds_lie_between_the_extremes_and_each_map_has_its_inverse():
    channel = np.array([[0.0, 1.0, 2.0, 3.0]])
    maps = boolean_maps(channel, 2)
    assert maps[:, 0].tolist() == [[0, 0, 1, 1], [0, 0, 0, 1], [1, 1, 0, 0], [1, 1, 1, 0]]


def test_what_touches_the_border_is_not_surrounded():
    region = np.zeros((6, 6), bool)
    region[0:2, 2] = True
    region[3:5, 3:5] = True
    assert surrounded(region).sum() == 4


def test_in_an_image_of_one_colour_nothing_stands_out():
    assert not bms(np.full((20, 20, 3), 90, np.uint8)).any()
