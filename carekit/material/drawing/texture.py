"""Textures without end: windows cut at random out of periodic tiles, which are made once for each resolution.

A tile is two image sides wide. Its random numbers come from one fixed seed and are in units of the image, so that all
resolutions hold the same pattern, each as fine as its pixels can show.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

SIDES = 2  # of an image, in a tile
_FINEST = 128  # cycles a side
_STEPS = 32  # places of a window along a side: whole pixels for every size that is a multiple of 32


def window(tile: Float[np.ndarray, "t t ..."], rng: np.random.Generator) -> Float[np.ndarray, "s s ..."]:
    """A view of one image's size into a tile, at a random place and turned by a random symmetry of the square."""
    size = len(tile) // SIDES
    place, turn = divmod(int(rng.integers(8 * (_STEPS + 1) ** 2)), 8)  # one draw: this is called often
    top, left = (round(step * size / _STEPS) for step in divmod(place, _STEPS + 1))
    cut = tile[top : top + size, left : left + size]
    # Three bits of `turn`, two by two by two: the eight symmetries of the square.
    if turn & 1:
        cut = cut.swapaxes(0, 1)
    if turn & 2:
        cut = cut[::-1]
    if turn & 4:
        cut = cut[:, ::-1]
    return cut


def cloud(rng: np.random.Generator, size: int, coarsest: float, slope: float) -> Float[np.ndarray, "s s"]:
    """Noise of unit variance whose amplitudes fall as frequency ** -slope, from `coarsest` cycles a side upwards.

    Each pair of the two costs memory: keep to a few.
    """
    return window(_cloud_tile(size, coarsest, slope), rng)


def _make_cloud(size: int, coarsest: float, slope: float) -> Float[np.ndarray, "t t"]:
    spectrum = _white_spectrum()
    n = len(spectrum)
    frequency = np.hypot(np.fft.fftfreq(n, 1 / n)[:, None], np.arange(n // 2 + 1)) / SIDES
    inside = (frequency >= coarsest) & (frequency < _FINEST)
    amplitude = np.where(inside, frequency.clip(1 / SIDES) ** -(slope + 0.5), 0)
    # In two dimensions a ring holds as many waves as it is long: hence slope + 1/2 for each.
    power = 2 * (amplitude[:, 1:-1] ** 2).sum() + (amplitude[:, 0] ** 2).sum()
    shown = SIDES * size
    half = min(shown, n) // 2
    cut = np.zeros((shown, shown // 2 + 1), complex)
    product = spectrum * amplitude / np.sqrt(power)
    cut[:half, :half], cut[-half:, :half] = product[:half, :half], product[-half:, :half]
    return (np.fft.irfft2(cut, (shown, shown)) * shown**2).astype(np.float32)


_cloud_tile = lru_cache(maxsize=48)(_make_cloud)


@lru_cache(maxsize=1)
def _white_spectrum() -> np.ndarray:
    """Complex numbers of unit variance for all waves of a tile."""
    n, rng = 2 * SIDES * _FINEST, np.random.default_rng(1)
    return (rng.normal(size=(n, n // 2 + 1)) + 1j * rng.normal(size=(n, n // 2 + 1))) / np.sqrt(2)


@lru_cache(maxsize=16)
def cells(size: int, density: int) -> Float[np.ndarray, "t t 3"]:
    """A tessellation with `density` cells a side: lines between the cells, their middles, a number for each."""
    rng, n = np.random.default_rng(2), SIDES * density
    jitter = rng.uniform(-0.4, 0.4, (n, n, 2))
    columns, rows = np.meshgrid(np.arange(n), np.arange(n))
    seeds = (np.stack([columns + 0.5 * (rows % 2), rows], 2) + 0.25 + jitter).reshape(-1, 2) % n
    fine = max(1, round(256 / size))  # lines finer than a pixel must fade, not flicker
    axis = (np.arange(SIDES * size * fine) + 0.5) * (n / (SIDES * size * fine))
    bend = _make_cloud(size * fine, 4.0, 1.2)  # no border of living cells is straight
    points = np.stack(np.meshgrid(axis, axis), 2) + 0.22 * np.stack([bend, bend.T], 2)
    away, nearest = cKDTree(seeds, boxsize=n).query(points % n, k=2)
    gap = away[..., 1] - away[..., 0]  # about twice the distance from the border, in cells
    lines, middles = np.clip(1.1 - gap / 0.4, 0, 1), np.clip(1.3 - away[..., 0] / 0.28, 0, 1)
    values = rng.normal(size=len(seeds))[nearest[..., 0]]
    # Each block of fine points becomes one pixel: (t fine, t fine) -> (t, fine, t, fine) -> (t, t).
    side = SIDES * size
    blocks = [tile.reshape(side, fine, side, fine).mean((1, 3)) for tile in (lines, middles, values)]
    return np.stack(blocks, 2).astype(np.float32)  # 3 x (t, t) -> (t, t, 3)
