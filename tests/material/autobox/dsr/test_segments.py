import numpy as np
from skimage.color import rgb2lab

from carekit.material.autobox.dsr.segments import Segments, paint, pixel_features, segment


def test_features_of_segments_are_the_means_of_their_pixels(lesion):
    image, _ = lesion
    found = segment(image, pixel_features(image), 50, 10)
    lab = rgb2lab(image)
    for number in range(len(found.features)):
        inside = np.argwhere(found.labels == number)
        mean = np.zeros(8)
        for i, j in inside:
            mean[:3] += image[i, j] / 255
            mean[3:6] += (lab[i, j] - lab.min((0, 1))) / (lab.max((0, 1)) - lab.min((0, 1)))
            mean[6:] += j / 64, i / 64
        np.testing.assert_allclose(found.features[number], mean / len(inside))


def test_the_background_are_the_segments_at_the_border(lesion):
    image, _ = lesion
    found = segment(image, pixel_features(image), 50, 10)
    edge = np.zeros((64, 64), bool)
    edge[[0, -1]] = True
    edge[:, [0, -1]] = True
    for number, touches in enumerate(found.background):
        assert touches == (edge & (found.labels == number)).any()
    assert found.background.any() and not found.background.all()


def test_a_value_of_each_segment_is_painted_where_it_lies():
    labels = np.array([[0, 0], [1, 0]])
    segments = Segments(labels, np.zeros((2, 8)), np.ones(2, bool))
    np.testing.assert_array_equal(paint(np.array([0.25, 0.75]), segments), [[0.25, 0.25], [0.75, 0.25]])
