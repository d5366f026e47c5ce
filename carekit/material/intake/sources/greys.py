"""Greys of any depth as 8 bits."""

import numpy as np
from jaxtyping import Bool, Shaped, UInt8

TAIL = 0.1  # per cent of the pixels, at each end, that are taken for outliers where they decide the range


def spread(grey: Shaped[np.ndarray, "h w"], known: Bool[np.ndarray, "h w"] | None = None) -> UInt8[np.ndarray, "h w"]:
    """Greys from the darkest to the lightest that occur, as 0 to 255.

    Where a few outliers would leave the other pixels less than half of the range, they are cut off.

    Args:
        grey: of any type.
        known: False for pixels that are padding; they become black and do not decide the range.

    Raises:
        ValueError: for pixels that are no number.
    """
    grey = grey.astype(np.float32)
    inner = grey if known is None or not known.any() else grey[known]
    low = float(inner.min())
    high = float(inner.max())
    if not np.isfinite(high - low):
        raise ValueError("it has pixels that are no number")
    dark, light = np.percentile(inner, [TAIL, 100 - TAIL]).tolist()
    if dark < light < dark + (high - low) / 2:
        low, high = dark, light
    scaled = (grey.clip(low, high) - low) * (255 / max(high - low, 1e-6))
    if known is not None:
        scaled[~known] = 0
    return scaled.round().astype(np.uint8)
