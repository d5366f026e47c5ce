"""Errors spread among segments that look alike, so that a piece of the background is not salient by accident."""

import numpy as np
from jaxtyping import Float, Int
from sklearn.cluster import KMeans

from carekit.material.autobox.scaling import min_max

CLUSTERS = 8
OWN = 0.5  # how much of its own error a segment keeps


def clusters(features: Float[np.ndarray, "n d"]) -> Int[np.ndarray, " n"]:
    """Segments in up to eight groups that look alike, by k-means; the same features give the same groups."""
    count = min(CLUSTERS, len(np.unique(features, axis=0)))
    return KMeans(count, n_init=1, random_state=0).fit(features).labels_


def propagate(
    errors: Float[np.ndarray, " n"], features: Float[np.ndarray, "n d"], groups: Int[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """e_i <- e_i / 2 + Σ_j w_ij e_j / 2 Σ_j w_ij over the others of i's group, from the largest error down, in place.

    w_ij = exp(-|f_i - f_j|² / 2σ²), where σ² is the variance of a feature, the mean of all. Scaled to [0, 1].
    """
    spread = max(float(features.var(0).mean()), np.finfo(float).tiny)
    result = errors.copy()
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        if len(members) == 1:
            continue
        inside = features[members]
        squares = ((inside[:, None] - inside[None]) ** 2).sum(-1)  # (k, k)
        weights = np.exp(-squares / (2 * spread))
        np.fill_diagonal(weights, 0)
        weights = weights / weights.sum(1, keepdims=True)
        values = result[members]
        for i in np.argsort(-values, kind="stable"):
            values[i] = OWN * values[i] + (1 - OWN) * (weights[i] @ values)
        result[members] = values
    return min_max(result)
