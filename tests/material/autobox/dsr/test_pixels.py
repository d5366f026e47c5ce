import numpy as np

from carekit.material.autobox.dsr.pixels import NEAR, scale_weights, to_pixels, towards_object
from carekit.material.autobox.dsr.segments import Segments
from carekit.material.autobox.scaling import min_max


def scale(labels, seed):
    return Segments(labels, np.random.default_rng(seed).random((labels.max() + 1, 8)), np.ones(labels.max() + 1, bool))


def test_a_pixel_takes_the_weighted_mean_of_its_segments_errors():
    rng = np.random.default_rng(0)
    features = rng.random((4, 5, 8))
    scales = [scale(rng.permutation(np.repeat(np.arange(4), 5)).reshape(4, 5), seed) for seed in (1, 2, 3)]
    errors = [rng.random(4) for _ in scales]
    expected = np.zeros((4, 5))
    for i in range(4):
        for j in range(5):
            above, below = 0, 0
            for each, error in zip(scales, errors, strict=True):
                number = each.labels[i, j]
                weight = 1 / (np.sqrt(sum((features[i, j] - each.features[number]) ** 2)) + NEAR)
                above, below = above + weight * error[number], below + weight
            expected[i, j] = above / below
    found = to_pixels(errors, scales, scale_weights(features, scales))
    np.testing.assert_allclose(found, min_max(expected))


def test_the_gaussian_stands_on_the_centre_of_mass():
    errors = np.random.default_rng(4).random((8, 12))
    total = errors.sum()
    y0 = sum(i * errors[i, j] for i in range(8) for j in range(12)) / total
    x0 = sum(j * errors[i, j] for i in range(8) for j in range(12)) / total
    expected = np.array(
        [
            [errors[i, j] * np.exp(-((i - y0) ** 2) / (2 * 2**2) - (j - x0) ** 2 / (2 * 3**2)) for j in range(12)]
            for i in range(8)
        ]
    )
    np.testing.assert_allclose(towards_object(errors), min_max(expected))


def test_a_map_without_a_mass_stays_empty():
    assert not towards_object(np.zeros((6, 6))).any()
