"""Small things with round tips: dots, and lines as chains of dots."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

Places = float | np.ndarray  # of one dot or of n


def dots(size: int, x: Places, y: Places, radius: Places, soft: float = 0.0) -> Float[np.ndarray, "s s"]:
    """Opacity in [0, 1] of discs, all in units of the image; soft: the share of the radius over which they fade.

    A disc that is smaller than a pixel is fainter than one, so that all resolutions look the same from afar.
    """
    x, y, radius = (np.asarray(values, np.float32) * size for values in np.broadcast_arrays(x, y, radius))
    opacity = np.zeros((size, size), np.float32)
    if not len(x):
        return opacity
    fade = 0.5 + 0.5 * soft * radius
    reach = int(np.ceil(radius.max() * (1 + 0.5 * soft)))  # in pixels; beyond, nothing is covered
    step = np.arange(-reach, reach + 1, dtype=np.int32)
    # Around each of n dots a square of w pixels, w = 2 reach + 1: its columns and rows (n, w), distances (n, w, w).
    columns, rows = (np.floor(middles).astype(np.int32)[:, None] + step for middles in (x, y))
    across, down = (columns + np.float32(0.5) - x[:, None]) ** 2, (rows + np.float32(0.5) - y[:, None]) ** 2
    away = np.sqrt(down[:, :, None] + across[:, None])
    cover = np.clip((radius[:, None, None] - away) / (2 * fade)[:, None, None] + 0.5, 0, 1)
    cover *= np.minimum(1, 2 * radius)[:, None, None]
    # Pixels outside of the image are left out, as are those that a dot does not reach.
    seen_across, seen_down = (columns >= 0) & (columns < size), (rows >= 0) & (rows < size)
    kept = (cover > 0) & seen_down[:, :, None] & seen_across[:, None]
    np.maximum.at(opacity.ravel(), ((rows * size)[:, :, None] + columns[:, None])[kept], cover[kept])
    return opacity


def chain(size: int, nodes: Float[np.ndarray, "n 2"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and the place along it, in [0, 1], of dots close enough to make a line through the nodes (n, 2)."""
    steps = np.sqrt(((nodes[1:] - nodes[:-1]) ** 2).sum(1))
    along = np.concatenate([[0], steps.cumsum()])
    share = np.arange(n := max(2, int(along[-1] * size * 1.6))) / (n - 1)
    place = share * along[-1]
    return np.interp(place, along, nodes[:, 0]), np.interp(place, along, nodes[:, 1]), share


def curve(
    start: Sequence[float] | np.ndarray,
    heading: float,
    length: float,
    bend: float,
    wobble: float,
    rng: np.random.Generator,
    n: int = 12,
) -> np.ndarray:
    """Nodes (n + 1, 2) of a line that turns by `bend` altogether and by chance by `wobble` at each node."""
    turns = heading + np.arange(n) * (bend / n) + rng.normal(0, wobble, n).cumsum()
    nodes = np.empty((n + 1, 2))
    nodes[0] = start
    nodes[1:, 0] = nodes[0, 0] + length / n * np.cos(turns).cumsum()
    nodes[1:, 1] = nodes[0, 1] + length / n * np.sin(turns).cumsum()
    return nodes
