"""From segments to pixels: the errors of all scales together, and the middle of what is salient brought forward."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from carekit.material.autobox.dsr.segments import Segments
from carekit.material.autobox.scaling import min_max

NEAR = 1e-2  # a pixel that is just like its segment must not count infinitely
SPREAD = 0.25  # the Gaussian's standard deviation, a share of height and of width


def scale_weights(features: Float[np.ndarray, "h w 8"], scales: Sequence[Segments]) -> Float[np.ndarray, "s h w"]:
    """How far each scale counts at each pixel: 1 / (|f_pixel - f_segment| + ε), the sum over the scales 1."""
    distances = [np.sqrt(((features - scale.features[scale.labels]) ** 2).sum(-1)) for scale in scales]  # s x (h, w)
    weights = 1 / (np.stack(distances) + NEAR)  # (s, h, w)
    return weights / weights.sum(0)


def to_pixels(
    errors: Sequence[Float[np.ndarray, " _"]], scales: Sequence[Segments], weights: Float[np.ndarray, "s h w"]
) -> Float[np.ndarray, "h w"]:
    """The weighted mean of the errors that the scales give a pixel, scaled to [0, 1]."""
    painted = np.stack([error[scale.labels] for error, scale in zip(errors, scales, strict=True)])  # (s, h, w)
    return min_max((weights * painted).sum(0))


def towards_object(errors: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """The map times a Gaussian about its own centre of mass, scaled to [0, 1]."""
    height, width = errors.shape
    total = errors.sum()
    if total == 0:
        return errors
    y = np.arange(height)
    x = np.arange(width)
    middle_y = (errors.sum(1) * y).sum() / total
    middle_x = (errors.sum(0) * x).sum() / total
    down = np.exp(-((y - middle_y) ** 2) / (2 * (SPREAD * height) ** 2))  # (h)
    across = np.exp(-((x - middle_x) ** 2) / (2 * (SPREAD * width) ** 2))  # (w)
    return min_max(errors * down[:, None] * across[None])
