"""What is on the film but not of the patient: side marker, leads and tubes, implants, the collimator's edges.

Each function paints on the film (s, s) in [0, 1], in place, clear of the boxes (k, 4), which are in units of the image;
leads and tubes may cross them, as they do.
"""

import numpy as np

from carekit.material.drawing.canvas import coordinates, smooth_step
from carekit.material.drawing.strokes import chain, curve, dots

_LETTERS = {  # strokes from (x, y) to (x, y), in units of the letter's height
    "L": [[(0, 0), (0, 1)], [(0, 1), (0.55, 1)]],
    "R": [
        [(0, 0), (0, 1)],
        [(0, 0), (0.4, 0.02), (0.55, 0.25), (0.4, 0.5), (0, 0.5)],
        [(0.25, 0.5), (0.58, 1)],
    ],
}


def _over(film: np.ndarray, opacity: np.ndarray, value: float = 1.0) -> None:
    film += opacity * (value - film)


def marker(film: np.ndarray, boxes: np.ndarray, rng: np.random.Generator) -> None:
    """A lead letter in an upper corner, on the patient's side that it names, where no box is."""
    letter, corner = (("R", (0.02, 0.05)), ("L", (0.86, 0.9)))[rng.integers(2)]
    height, thick = rng.uniform(0.085, 0.11), rng.uniform(0.012, 0.017)
    left = rng.uniform(*corner)
    top = _free_top(boxes, left - 0.02, left + 0.1, height + 0.04, rng)
    x, y = [], []
    for stroke in _LETTERS[letter]:
        columns, rows, _ = chain(len(film), np.array(stroke) * height + (left, top))
        x.append(columns)
        y.append(rows)
    thicknesses = np.full(sum(map(len, x)), thick)
    _over(film, rng.uniform(0.9, 1.0) * dots(len(film), np.concatenate(x), np.concatenate(y), thicknesses))


def _free_top(boxes: np.ndarray, left: float, right: float, height: float, rng: np.random.Generator) -> float:
    """A place for something between two columns whose rows meet no box; high up if there is a choice."""
    places = np.concatenate([rng.uniform(0.02, 0.18, 8), np.linspace(0.02, 0.98 - height, 24)])
    for top in places:
        meets = (boxes[:, 0] < right) & (boxes[:, 2] > left) & (boxes[:, 1] < top + height) & (boxes[:, 3] > top)
        if not meets.any():
            return float(top)
    return 0.0


def wires(film: np.ndarray, _boxes: np.ndarray, rng: np.random.Generator) -> None:
    """Leads with their electrodes, and at times a tube down the middle."""
    size = len(film)
    x: list[np.ndarray] = []
    y: list[np.ndarray] = []
    radius: list[np.ndarray] = []
    for _ in range(rng.integers(2, 5)):
        place = np.array([rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.75)])
        nodes = curve(place, rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.7), rng.normal(0, 1.5), 0.15, rng)
        columns, rows, _ = chain(size, nodes)
        x += [columns, place[:1]]
        y += [rows, place[1:]]
        radius += [np.full(len(columns), 0.0026), np.array([rng.uniform(0.009, 0.014)])]
    if rng.random() < 0.4:
        columns, rows, _ = chain(size, curve((0.5, -0.02), np.pi / 2, rng.uniform(0.3, 0.5), 0.0, 0.03, rng))
        x.append(columns)
        y.append(rows)
        radius.append(np.full(len(columns), 0.006))
    opacity = dots(size, np.concatenate(x), np.concatenate(y), np.concatenate(radius))
    _over(film, rng.uniform(0.35, 0.6) * opacity)


def device(film: np.ndarray, boxes: np.ndarray, rng: np.random.Generator) -> None:
    """A pacemaker below a clavicle, with its lead to the heart."""
    size, (u, v) = len(film), coordinates(len(film))
    side = rng.choice((-1, 1))
    left = 0.5 + side * 0.27
    top = _free_top(boxes, left - 0.07, left + 0.07, 0.14, rng)
    middle = np.array([left, top + 0.07])
    case = 1 - (np.abs((u - middle[0]) / 0.055) ** 3 + np.abs((v - middle[1]) / 0.045) ** 3)
    case = smooth_step(case.astype(np.float32), 0.12)
    nodes = np.array([middle, (0.5 + side * 0.1, middle[1] - 0.05), (0.49, 0.36), (0.52, 0.5), (0.56, 0.6)])
    columns, rows, _ = chain(size, nodes)
    lead = dots(size, columns, rows, np.full(len(columns), 0.0032))
    _over(film, np.maximum(rng.uniform(0.7, 0.9) * case, 0.6 * lead))


def collimation(film: np.ndarray, boxes: np.ndarray, rng: np.random.Generator) -> None:
    """Unexposed edges, nearly white or black as the machine prints them."""
    u, v = (axis.astype(np.float32) for axis in coordinates(len(film)))
    # What the boxes leave free on the left, at the top, on the right and at the bottom.
    free = [*boxes[:, :2].min(0, initial=1.0), *(1 - boxes[:, 2:].max(0, initial=0.0))]
    tilt = rng.normal(0, 0.01)
    value = 0.97
    if rng.random() < 0.7:
        value = 0.02
    for axis, along, room in zip((u, v, 1 - u, 1 - v), (v, u, u, u), free, strict=True):
        if rng.random() < 0.6:
            width = min(rng.uniform(0.02, 0.08), room - 0.025)
            _over(film, 0.97 * smooth_step(width + tilt * (along - 0.5) - axis, 0.004), value)


DEVICES = {"marker": marker, "wires": wires, "device": device, "collimation": collimation}
