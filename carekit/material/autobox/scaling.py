"""Maps scaled to [0, 1]."""

import numpy as np
from jaxtyping import Float


def min_max(values: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Values moved and stretched to [0, 1]; constant ones become zeros, since they tell nothing apart."""
    low = values.min()
    span = values.max() - low
    # A span below the rounding noise of the values is no pattern: dividing by it would only magnify the noise.
    if span <= 1e-9 * max(abs(low), abs(low + span)):
        return np.zeros_like(values)
    return (values - low) / span
