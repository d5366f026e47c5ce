"""The lesion's outline: an irregular blob with a ragged border, a place, a size and a direction."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.ndimage import label

from carekit.material.drawing.canvas import coordinates
from carekit.material.drawing.texture import cloud

LARGEST = 0.80  # side of the box, in images: what is left next to it has room for a marker's stroke
_TABLE = 256  # angles at which the border is known
_ANGLES, _WAVES = np.arange(_TABLE) * (2 * np.pi / _TABLE), np.arange(2, 9)
_COSINES, _SINES = np.cos(_WAVES[:, None] * _ANGLES), np.sin(_WAVES[:, None] * _ANGLES)


class Style(NamedTuple):
    """How a class's lesions are shaped: median side of the box and its spread, raggedness, softness of the border."""

    side: float
    side_spread: float
    irregular: tuple[float, float]
    edge: tuple[float, float]


class Outline(NamedTuple):
    """Lesion coordinates (u, v), about -1..1 inside, and depth: 1 at the centre, 0 at the border, negative outside.

    They cover rows x columns of the image, the lesion with some margin. edge: over what depth the border fades.
    """

    u: Float[np.ndarray, "h w"]
    v: Float[np.ndarray, "h w"]
    depth: Float[np.ndarray, "h w"]
    rows: slice
    columns: slice
    size: int
    centre: Float[np.ndarray, " 2"]
    radius: float
    irregular: float
    edge: float

    @property
    def crop(self) -> tuple[slice, slice]:
        return self.rows, self.columns

    @property
    def mask(self) -> np.ndarray:
        """uint8 (s, s), 1 inside."""
        mask = np.zeros((self.size, self.size), np.uint8)
        mask[self.crop] = self.depth > 0
        return mask

    def cut(self, field: np.ndarray) -> np.ndarray:
        """The part of a field (s, s, ...) that the outline covers."""
        return field[self.crop]


def outline(rng: np.random.Generator, size: int, style: Style, scale: float = 1.0, spread: float = 1.0) -> Outline:
    """Draw a blob in the given style; scale is a factor on its size, spread on how far it is from the middle.

    Its box keeps to about `LARGEST`, whatever the scale.
    """
    irregular, edge = rng.uniform(*style.irregular), rng.uniform(*style.edge)
    turn, squash = rng.uniform(0, 2 * np.pi), rng.uniform(0.68, 1.0)
    # Distance of the border from the centre at each angle, about 1: a circle with a few waves.
    cosines, sines = (0.03 + 0.13 * irregular) * rng.normal(size=(2, len(_WAVES))) / _WAVES**0.7 / np.sqrt(2)
    border = (1 + cosines @ _COSINES + sines @ _SINES).clip(0.55, 1.5).astype(np.float32)
    ragged = 0.025 + 0.085 * irregular
    # Lowest and highest (x, y) of the border around the centre, in radii.
    u, v = border * np.cos(_ANGLES), border * squash * np.sin(_ANGLES)
    points = np.stack([np.cos(turn) * u - np.sin(turn) * v, np.sin(turn) * u + np.cos(turn) * v])
    low, high = points.min(1), points.max(1)
    extent, widest = high - low, LARGEST / (1 + ragged)
    side = np.clip(style.side * np.exp(style.side_spread * rng.normal()), 0.15, 0.74) * scale
    radius = min(side, widest) / extent.max()
    free = (0.99 - radius * extent * (1 + ragged)).clip(0) / 2
    middle = 0.5 + (spread * rng.uniform(-0.1, 0.1, 2)).clip(-free, free)
    centre = middle - (low + high) / 2 * radius
    reach = radius * extent * (0.5 + 0.7 * ragged + 0.7 * edge) + 0.02
    crop = [np.clip(np.round((middle + way * reach) * size), 0, size).astype(int).tolist() for way in (-1, 1)]
    columns, rows = (slice(first, last) for first, last in zip(*crop, strict=True))
    # From pixels to the lesion's own coordinates: moved to its centre, turned, and stretched to a circle of radius 1.
    x, y = coordinates(size)
    dx = x[:1, columns].astype(np.float32) - np.float32(centre[0])
    dy = y[rows, :1].astype(np.float32) - np.float32(centre[1])
    c, s = np.cos(turn) / radius, np.sin(turn) / radius
    u = np.float32(c) * dx + np.float32(s) * dy
    v = np.float32(-s / squash) * dx + np.float32(c / squash) * dy
    turned = (np.arctan2(v, u) * np.float32(_TABLE / (2 * np.pi))).astype(np.int32) & (_TABLE - 1)
    slope = 1.6
    if irregular > 0.5:
        slope = 1.2
    noise = cloud(rng, size, 3.0, slope)[rows, columns]
    depth = border[turned] - np.sqrt(u * u + v * v) + np.float32(ragged) * noise
    return Outline(u, v, _one_piece(depth), rows, columns, size, centre, radius, irregular, edge)


def _one_piece(depth: np.ndarray) -> np.ndarray:
    """Keep the largest piece of what is inside, without holes."""
    # Pieces are numbered from 1; whatever is not the largest goes just below the border.
    pieces, n = label(depth > 0)
    if n > 1:
        lost = (pieces > 0) & (pieces != np.bincount(pieces.ravel())[1:].argmax() + 1)
        depth[lost] = -1e-3
    # Gaps that do not reach the edge are holes, and are filled.
    gaps, n = label(depth <= 0)
    if n > 1:
        holes = (gaps > 0) & (gaps != np.bincount(gaps.ravel())[1:].argmax() + 1)
        edges = np.unique(np.concatenate([gaps[0], gaps[-1], gaps[:, 0], gaps[:, -1]]))
        depth[holes & ~np.isin(gaps, edges)] = 1e-3
    return depth
