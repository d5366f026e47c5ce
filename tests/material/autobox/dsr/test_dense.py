import numpy as np

from carekit.material.autobox.dsr.dense import dense_error
from carekit.material.autobox.scaling import min_max


def by_hand(features, background):
    """From the eigenvectors of the background's covariance."""
    templates = features[background]
    mean = templates.mean(0)
    values, vectors = np.linalg.eigh((templates - mean).T @ (templates - mean))
    order = np.argsort(values)[::-1]
    energy = np.cumsum(values[order]) / values.sum()
    kept = vectors[:, order[: np.argmax(energy > 0.95) + 1]]
    errors = []
    for feature in features:
        explained = sum((vector @ (feature - mean)) * vector for vector in kept.T)
        errors.append(np.linalg.norm(feature - mean - explained))
    return np.array(errors)


def test_the_error_is_what_the_components_of_the_background_leave():
    rng = np.random.default_rng(0)
    features = rng.random((60, 8)) * [1, 1, 0.5, 0.3, 0.2, 0.1, 0.1, 0.05]
    background = np.arange(60) < 20
    np.testing.assert_allclose(dense_error(features, background), min_max(by_hand(features, background)), atol=1e-9)


def test_a_background_of_one_colour_leaves_the_distance_from_it():
    features = np.concatenate([np.full((5, 8), 0.5), np.full((1, 8), 0.9), np.full((1, 8), 0.7)])
    np.testing.assert_allclose(dense_error(features, np.arange(7) < 5), [0, 0, 0, 0, 0, 1, 0.5])
