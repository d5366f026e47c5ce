import numpy as np
import pytest
from sklearn.linear_model import Lasso, lars_path

from carekit.material.autobox.dsr.sparse import PENALTY, STEPS, lasso, sparse_error
from carekit.material.autobox.scaling import min_max


def unit(n, seed):
    rows = np.random.default_rng(seed).random((n, 8))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("steps", [1, 3, 8, 60])
def test_each_path_is_the_one_that_scikit_learn_takes_for_a_signal(steps):
    signals, templates = unit(40, 0), unit(30, 1)
    weights = lasso(signals, templates, 0.01, steps)
    for signal, ours in zip(signals, weights, strict=True):
        # Its objective divides the squares by the number of features.
        path = lars_path(np.asfortranarray(templates.T), signal, alpha_min=0.01 / 8, max_iter=steps, method="lasso")
        np.testing.assert_allclose(ours, path[2][:, -1], atol=1e-6)


def test_with_enough_steps_the_objective_is_the_lowest():
    signals, templates = unit(20, 2), unit(12, 3)
    weights = lasso(signals, templates, 0.01, 100)

    def objective(signal, weights):
        return ((signal - weights @ templates) ** 2).sum() / 2 + 0.01 * np.abs(weights).sum()

    for signal, ours in zip(signals, weights, strict=True):
        theirs = Lasso(0.01 / 8, fit_intercept=False, tol=1e-10, max_iter=100_000).fit(templates.T, signal).coef_
        assert objective(signal, ours) == pytest.approx(objective(signal, theirs), abs=1e-7)


def test_templates_that_are_alike_are_no_obstacle():
    templates = np.repeat(unit(3, 4), 4, axis=0)
    weights = lasso(unit(10, 5), templates, 0.01, STEPS)
    assert np.isfinite(weights).all()


def test_a_signal_among_the_templates_is_explained_up_to_the_penalty():
    templates = unit(10, 6)
    left = np.linalg.norm(templates - lasso(templates, templates, PENALTY, STEPS) @ templates, axis=1)
    np.testing.assert_allclose(left, PENALTY, atol=1e-6)


def test_the_error_is_the_length_of_the_residual():
    features = np.random.default_rng(7).random((30, 8)) * 3
    background = np.arange(30) < 12
    signals = features / np.linalg.norm(features, axis=1, keepdims=True)
    expected = []
    for signal in signals:
        path = lars_path(np.asfortranarray(signals[:12].T), signal, alpha_min=0.01 / 8, max_iter=8, method="lasso")
        expected.append(np.linalg.norm(signal - signals[:12].T @ path[2][:, -1]))
    np.testing.assert_allclose(sparse_error(features, background), min_max(np.array(expected)), atol=1e-5)


def test_a_black_segment_has_no_direction_and_no_error_that_is_no_number():
    features = np.random.default_rng(8).random((10, 8))
    features[3] = 0
    assert np.isfinite(sparse_error(features, np.arange(10) < 5)).all()
