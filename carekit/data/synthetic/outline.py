"""The lesion's outline: an irregular blob with a place, a size and a direction."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from carekit.data.synthetic.canvas import coordinates


class Outline(NamedTuple):
    """Lesion coordinates (u, v), about -1..1 inside, and depth: 1 at the centre, 0 at the border, negative outside."""

    u: Float[np.ndarray, "s s"]
    v: Float[np.ndarray, "s s"]
    depth: Float[np.ndarray, "s s"]
    radius: float


def outline(rng, size: int, irregular: float, scale: float = 1.0, spread: float = 1.0) -> Outline:
    """Draw a blob; irregular in [0, 1] is how far its border leaves the ellipse.

    The box's sides are 0.3 to 0.6 of the image, its centre lies within 0.1 of the image's, so that a corner stays free;
    scale is a factor on the first, spread on the second.
    """
    x, y = coordinates(size)
    radius, squash, turn = scale * rng.uniform(0.18, 0.30), rng.uniform(0.75, 1.0), rng.uniform(0, np.pi)
    centre = 0.5 + spread * rng.uniform(-0.1, 0.1, 2)
    dx, dy = x - centre[0], y - centre[1]
    u = (np.cos(turn) * dx + np.sin(turn) * dy) / radius
    v = (-np.sin(turn) * dx + np.cos(turn) * dy) / (radius * squash)
    angle, distance = np.arctan2(v, u), np.hypot(u, v)
    border = np.ones_like(distance)
    for k, phase, strength in zip(range(2, 7), rng.uniform(0, 2 * np.pi, 5), rng.normal(size=5), strict=True):
        border += (0.04 + 0.08 * irregular) * strength / np.sqrt(k) * np.cos(k * angle + phase)
    return Outline(u, v, 1 - distance / border.clip(0.6, 1.15), radius)
