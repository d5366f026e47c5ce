"""Coordinates and noise in units of the image, so that every resolution shows the same scene."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import Float, UInt8


@lru_cache(maxsize=8)
def coordinates(size: int) -> tuple[Float[np.ndarray, "s s"], Float[np.ndarray, "s s"]]:
    """x and y of the pixel centres, each in (0, 1)."""
    centres = (np.arange(size) + 0.5) / size
    return np.broadcast_to(centres, (size, size)), np.broadcast_to(centres[:, None], (size, size))


@lru_cache(maxsize=128)
def _interpolation(size: int, cells: int) -> Float[np.ndarray, "s c"]:
    """Cubic B-spline weights of `cells` + 3 knots at the pixel centres."""
    position = (np.arange(size) + 0.5) / size * cells
    first = np.floor(position).astype(int)
    t = position % 1
    # Four knots reach each pixel; their weights add up to 1.
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], 1) / 6
    matrix = np.zeros((size, cells + 3))
    matrix[np.arange(size)[:, None], first[:, None] + np.arange(4)] = weights
    return matrix


def noise(rng: np.random.Generator, cells: int, size: int) -> Float[np.ndarray, "s s"]:
    """Smooth noise of about unit variance with `cells` bumps along a side."""
    knots = rng.normal(size=(cells + 3, cells + 3))
    matrix = _interpolation(size, cells)
    return 2.0 * matrix @ knots @ matrix.T  # 2: what the spline takes from the variance


def smooth_step(value: np.ndarray, width: float) -> np.ndarray:
    """0 below -width, 1 above width, a cubic in between."""
    t = np.multiply(value, 0.5 / width)  # in place from here: this is called some forty times an image
    t += 0.5
    t = t.clip(0, 1)
    cubic = t * -2
    cubic += 3
    cubic *= t
    cubic *= t
    return cubic


def eight_bits(image: Float[np.ndarray, "..."]) -> UInt8[np.ndarray, "..."]:
    """An image in [0, 1] as whole numbers from 0 to 255; values outside are clipped."""
    return (image.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def blend(image: np.ndarray, colour: Sequence[float] | np.ndarray, opacity: np.ndarray) -> None:
    """Paint a colour over the image (s, s, 3), in place, with an opacity (s, s) in [0, 1]."""
    image += opacity[..., None] * (np.asarray(colour, image.dtype) - image)
