from math import exp

import numpy as np

from carekit.material.autobox.dsr.propagation import clusters, propagate
from carekit.material.autobox.scaling import min_max


def by_hand(errors, features, groups):
    """The equation, one segment at a time."""
    variance = sum(features[:, k].var() for k in range(features.shape[1])) / features.shape[1]
    errors = list(errors)
    for group in set(groups.tolist()):
        members = [i for i in range(len(errors)) if groups[i] == group]
        for i in sorted(members, key=lambda i: -errors[i]):
            others = [j for j in members if j != i]
            if not others:
                continue
            weights = [exp(-((features[i] - features[j]) ** 2).sum() / (2 * variance)) for j in others]
            mean = sum(w * errors[j] for w, j in zip(weights, others, strict=True)) / sum(weights)
            errors[i] = 0.5 * errors[i] + 0.5 * mean
    return np.array(errors)


def test_errors_spread_as_the_equation_says():
    rng = np.random.default_rng(0)
    features, errors, groups = rng.random((40, 8)), rng.random(40), rng.integers(0, 6, 40)
    groups[0] = 9  # alone
    expected = min_max(by_hand(errors, features, groups))
    np.testing.assert_allclose(propagate(errors, features, groups), expected, atol=1e-12)


def test_the_given_errors_stay_as_they_are():
    errors = np.array([0.1, 0.9, 0.5])
    propagate(errors, np.eye(3), np.zeros(3, int))
    assert errors.tolist() == [0.1, 0.9, 0.5]


def test_segments_that_are_all_alike_make_one_group():
    assert set(clusters(np.ones((12, 8)))) == {0}


def test_groups_are_the_same_each_time():
    features = np.random.default_rng(1).random((80, 8))
    np.testing.assert_array_equal(clusters(features), clusters(features))
    assert len(set(clusters(features))) == 8
