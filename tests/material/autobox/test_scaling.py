import numpy as np

from carekit.material.autobox.scaling import min_max


def test_values_reach_from_zero_to_one():
    np.testing.assert_allclose(min_max(np.array([3.0, 5.0, 4.0])), [0, 1, 0.5])


def test_constant_values_and_their_rounding_noise_are_zeros():
    assert not min_max(np.full(4, 7.0)).any()
    assert not min_max(np.array([1.0, 1.0 + 1e-15])).any()
    assert not min_max(np.zeros(3)).any()
