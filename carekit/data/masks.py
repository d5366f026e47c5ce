"""The tight box around a mask. Not in `carekit.method.boxes`, which would load torch in each worker."""

import numpy as np
from jaxtyping import Float, Shaped


def around(mask: Shaped[np.ndarray, "h w"]) -> Float[np.ndarray, " 4"]:
    """The tight box (x0, y0, x1, y1), in pixels and half-open, around all that is not 0.

    Args:
        mask: (h, w), of booleans or numbers.

    Raises:
        ValueError: for a mask that is 0 everywhere.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        raise ValueError("a mask that is 0 everywhere has no box: leave it out")
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=np.float64)
