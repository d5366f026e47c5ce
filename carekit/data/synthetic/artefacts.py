"""What lies outside the lesion and says nothing about it: ink, ruler, hair, vignette.

Each function paints on image (s, s, 3) in [0, 1], in place. `box` is the lesion's box in units of the image.
"""

import numpy as np

from carekit.data.synthetic.canvas import blend, coordinates, smooth_step

_INKS = ((0.28, 0.16, 0.52), (0.12, 0.26, 0.58), (0.10, 0.42, 0.40))
_REACH = 0.095  # half the side of an ink mark, with its soft edge
_CORNERS = [[0.095, 0.095], [0.905, 0.095], [0.095, 0.905], [0.905, 0.905]]


def ink(image, box, rng) -> None:
    """A skin marker's strokes near the image's edge, never on the box."""
    x, y = coordinates(len(image))
    cx, cy = _free_place(box, rng)
    colour, turn = _INKS[rng.integers(len(_INKS))], rng.uniform(0, np.pi)
    for offset in rng.uniform(-0.02, 0.02, 2):
        du, dv = np.cos(turn) * (x - cx) + np.sin(turn) * (y - cy), -np.sin(turn) * (x - cx) + np.cos(turn) * (y - cy)
        stroke = smooth_step(0.026 - np.hypot((np.abs(du) - 0.05).clip(0), dv - offset), 0.012)
        near = (np.abs(x - cx) < _REACH) & (np.abs(y - cy) < _REACH)
        blend(image, colour, 0.9 * stroke * near)
        turn += np.pi / 2


def _free_place(box, rng) -> np.ndarray:
    """A centre near the edge whose mark keeps clear of the box."""
    places = 0.5 + 0.405 * rng.uniform(-1, 1, (64, 2))
    edge = np.arange(64), rng.integers(0, 2, 64)
    places[edge] = 0.5 + 0.405 * rng.choice([-1, 1], 64)
    places = np.concatenate([places, _CORNERS])
    low, high = places - _REACH, places + _REACH
    clear = (high[:, 0] < box[0]) | (low[:, 0] > box[2]) | (high[:, 1] < box[1]) | (low[:, 1] > box[3])
    return places[np.flatnonzero(clear)[0]]


def ruler(image, _box, rng) -> None:
    """Ticks along one edge, every fifth one longer."""
    x, y = coordinates(len(image))
    along, across = [(x, y), (x, 1 - y), (y, x), (y, 1 - x)][rng.integers(4)]
    step, start = rng.uniform(0.05, 0.07), rng.uniform(0, 0.05)
    number = np.round((along - start) / step)
    length = np.where(number % 5 == 0, 0.085, 0.055)
    tick = smooth_step(0.009 - np.abs(along - start - number * step), 0.008) * smooth_step(length - across, 0.01)
    blend(image, (0.10, 0.10, 0.12), 0.85 * tick)


def hair(image, _box, rng) -> None:
    """Dark, slightly bent hairs across the picture; a part of them crosses the lesion."""
    x, y = coordinates(len(image))
    colour = np.array([0.16, 0.11, 0.08]) * rng.uniform(0.6, 2.0)
    for _ in range(rng.integers(4, 12)):
        turn, offset, bend = rng.uniform(0, np.pi), rng.uniform(-0.6, 0.6), rng.normal(0, 0.25)
        along = np.cos(turn) * (x - 0.5) + np.sin(turn) * (y - 0.5)
        across = -np.sin(turn) * (x - 0.5) + np.cos(turn) * (y - 0.5)
        ends = smooth_step(rng.uniform(0.2, 0.6) - np.abs(along - rng.uniform(-0.3, 0.3)), 0.05)
        line = smooth_step(0.0055 - np.abs(across - offset - bend * along**2), 0.009)
        blend(image, colour, 0.8 * line * ends)


def vignette(image, _box, rng) -> None:
    """The dark corners of a dermatoscope's round field of view."""
    x, y = coordinates(len(image))
    outside = np.hypot(x - 0.5, y - 0.5) - rng.uniform(0.56, 0.64)
    blend(image, (0.03, 0.03, 0.03), smooth_step(outside, 0.06))


ARTEFACTS = {"ink": ink, "ruler": ruler, "hair": hair, "vignette": vignette}
