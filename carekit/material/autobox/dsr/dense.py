"""Dense reconstruction error: what the main components of the background leave unexplained of a segment."""

import numpy as np
from jaxtyping import Bool, Float
from sklearn.decomposition import PCA

from carekit.material.autobox.scaling import min_max

ENERGY = 0.95  # of the background's variance that the components keep


def dense_error(features: Float[np.ndarray, "n d"], background: Bool[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The distance of each segment from its reconstruction by the background's components, scaled to [0, 1]."""
    templates = features[background]
    if len(templates) < 2 or not templates.std(0).any():
        # Templates that are all alike have no components: what is left is the distance from their mean.
        return min_max(np.linalg.norm(features - templates.mean(0), axis=1))
    components = PCA(n_components=ENERGY, svd_solver="full").fit(templates)
    explained = components.inverse_transform(components.transform(features))  # (n, d)
    return min_max(np.linalg.norm(features - explained, axis=1))
