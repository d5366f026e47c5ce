import numpy as np
import pytest

from carekit.material.autobox.dsr.bayes import BINS, combine, posterior
from carekit.material.autobox.scaling import min_max


def by_hand(prior, other):
    """Bayes' rule, pixel by pixel, with counts made by a loop."""
    inside, outside = np.zeros(BINS), np.zeros(BINS)
    for p, o in zip(prior.ravel(), other.ravel(), strict=True):
        place = min(int(o * BINS), BINS - 1)
        if p > prior.mean():
            inside[place] += 1
        else:
            outside[place] += 1
    inside, outside = inside / inside.sum(), outside / outside.sum()
    result = []
    for p, o in zip(prior.ravel(), other.ravel(), strict=True):
        place = min(int(o * BINS), BINS - 1)
        both = p * inside[place] + (1 - p) * outside[place]
        result.append(p * inside[place] / both if both else 0)
    return np.reshape(result, prior.shape)


@pytest.fixture
def maps():
    rng = np.random.default_rng(0)
    return min_max(rng.random((20, 20)) ** 3), min_max(rng.random((20, 20)) ** 2)


def test_the_posterior_is_bayes_rule(maps):
    np.testing.assert_allclose(posterior(*maps), by_hand(*maps))


def test_both_ways_round_are_averaged(maps):
    one, other = maps
    np.testing.assert_allclose(combine(one, other), min_max((by_hand(one, other) + by_hand(other, one)) / 2))
    np.testing.assert_array_equal(combine(one, other), combine(other, one))


def test_an_empty_map_leaves_an_empty_map():
    assert not combine(np.zeros((5, 5)), np.zeros((5, 5))).any()
