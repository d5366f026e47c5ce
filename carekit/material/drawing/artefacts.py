"""What is outside the lesion and tells nothing about it: ink, ruler, hair, bubbles, vignette, colour chart.

Each function paints on image (s, s, 3) in [0, 1], in place. `box` is the lesion's box in units of the image; all but
hair keep clear of it.
"""

import numpy as np

from carekit.material.drawing.canvas import blend, coordinates, smooth_step
from carekit.material.drawing.strokes import chain, curve, dots

_INKS = ((0.30, 0.16, 0.50), (0.20, 0.18, 0.56), (0.36, 0.20, 0.58), (0.12, 0.24, 0.52))
_CHART = ((0.95, 0.82, 0.15), (0.20, 0.55, 0.30), (0.18, 0.35, 0.70), (0.85, 0.25, 0.18), (0.93, 0.55, 0.15))
_NARROW = 0.075  # a strip that is free in every image


def ink(image: np.ndarray, box: np.ndarray, rng: np.random.Generator) -> None:
    """A surgical marker's lines or dots in a free strip along an edge, never on the box."""
    side, width = _free_strip(box, rng)
    thick = min(rng.uniform(0.028, 0.042), 0.34 * width)
    near, far = thick + 0.006, width - thick - 0.012
    start = rng.uniform(0.04, 0.3)
    if rng.random() < 0.35:
        n = rng.integers(4, 7)
        along, across = start + 0.1 * np.arange(n), rng.uniform(near, far, n)
        x, y = _placed(side, along, across)
        radius = np.minimum(rng.uniform(1.1, 1.4) * thick, np.minimum(across, width - 0.008 - across))
    else:
        along = start + np.linspace(0, rng.uniform(0.35, 0.6), 7)
        across = (near + (far - near) * rng.random() + np.cumsum(rng.normal(0, 0.02, 7))).clip(near, far)
        x, y, place = chain(len(image), np.stack(_placed(side, along, across), 1))
        radius = thick * (0.8 + 0.2 * np.cos(9 * place + rng.uniform(0, 6)))
    colour = np.array(_INKS[rng.integers(len(_INKS))]) * rng.uniform(0.8, 1.15)
    blend(image, colour, rng.uniform(0.75, 0.92) * dots(len(image), x, y, radius))


def _free_strip(box: np.ndarray, rng: np.random.Generator) -> tuple[int, float]:
    """A side of the image (left, top, right, bottom) and the width of the strip there that the box leaves free."""
    free = np.array([box[0], box[1], 1 - box[2], 1 - box[3]])
    wide = np.flatnonzero(free >= _NARROW)
    side = free.argmax()  # where no side is wide enough, the widest
    if len(wide):
        side = rng.choice(wide)
    return int(side), float(min(free[side], 0.22))


def _placed(side: int, along: np.ndarray, across: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x and y of places given by how far along a side and how far from it they are."""
    if side >= 2:  # right and bottom are measured from the other end
        across = 1 - across
    if side % 2 == 0:  # left and right run downwards
        return across, along
    return along, across


def ruler(image: np.ndarray, box: np.ndarray, rng: np.random.Generator) -> None:
    """Fine ticks along a free edge, every tenth one long."""
    side, width = _free_strip(box, rng)
    step, start = rng.uniform(0.016, 0.028), rng.uniform(0, 0.05)
    marks = np.arange(start, 1, step)
    far = min(width - 0.012, rng.uniform(0.04, 0.09))
    shares = np.full(len(marks), 0.5)  # how long each tick is
    shares[::5] = 0.75
    shares[::10] = 1.0
    inward = np.linspace(0, 1, max(2, int(far * len(image) * 1.6)))
    along, across = np.repeat(marks, len(inward)), (shares[:, None] * far * inward).ravel()
    x, y = _placed(side, along, across)
    ticks = dots(len(image), x, y, np.full(len(x), rng.uniform(0.0024, 0.004)))
    blend(image, (0.16, 0.14, 0.18), rng.uniform(0.5, 0.85) * ticks)


def hair(image: np.ndarray, _box: np.ndarray, rng: np.random.Generator) -> None:
    """Bent hairs across the picture, some of them over the lesion: dark terminal ones or fine pale ones."""
    size, x, y, radius = len(image), [], [], []
    tone = np.array([0.17, 0.11, 0.09]) * rng.uniform(0.5, 2.5)
    thick, heading = rng.uniform(0.0018, 0.0042), rng.uniform(0, 2 * np.pi)
    for _ in range(rng.integers(3, 16)):
        turn = heading + rng.normal(0, 0.7)
        nodes = curve(rng.uniform(-0.1, 1.1, 2), turn, rng.uniform(0.3, 0.9), rng.normal(0, 0.8), 0.04, rng)
        columns, rows, along = chain(size, nodes)
        x.append(columns)
        y.append(rows)
        radius.append(thick * rng.uniform(0.6, 1.2) * (1 - 0.6 * along))
    lines = dots(size, np.concatenate(x), np.concatenate(y), np.concatenate(radius))
    blend(image, tone, rng.uniform(0.6, 0.9) * lines)


def bubbles(image: np.ndarray, box: np.ndarray, rng: np.random.Generator) -> None:
    """Air in the gel: rings, dark outside and bright inside, with a glint."""
    side, width = _free_strip(box, rng)
    n = rng.integers(2, 8)
    radius = rng.uniform(0.012, 0.5 * width - 0.012, n)
    along, across = rng.uniform(0, 1, n), radius + 0.01 + (width - 2 * radius - 0.02).clip(0) * rng.random(n)
    x, y = _placed(side, along, across)
    ring = dots(len(image), x, y, radius) - dots(len(image), x, y, 0.88 * radius)
    inner = dots(len(image), x, y, 0.88 * radius) - dots(len(image), x, y, 0.78 * radius)
    blend(image, (0.25, 0.2, 0.2), rng.uniform(0.35, 0.6) * ring.clip(0))
    blend(image, (1.0, 0.97, 0.95), rng.uniform(0.4, 0.7) * inner.clip(0))
    blend(image, (1.0, 1.0, 1.0), 0.8 * dots(len(image), x - 0.4 * radius, y - 0.4 * radius, 0.16 * radius, 1.0))


def vignette(image: np.ndarray, box: np.ndarray, rng: np.random.Generator) -> None:
    """The dark corners of a dermatoscope's round field of view."""
    x, y = coordinates(len(image))
    middle = 0.5 + 0.6 * ((box[:2] + box[2:]) / 2 - 0.5)
    away = np.hypot(x - middle[0], y - middle[1]).astype(np.float32)
    corner = np.hypot(*np.maximum(np.abs(box[:2] - middle), np.abs(box[2:] - middle)))
    radius, soft = max(rng.uniform(0.52, 0.64), min(0.66, corner)), rng.uniform(0.015, 0.08)
    blend(image, (0.04, 0.03, 0.04), smooth_step(away - radius - soft, soft))


def chart(image: np.ndarray, box: np.ndarray, rng: np.random.Generator) -> None:
    """A coloured round sticker of a calibration chart, cut by the edge of the picture."""
    side, width = _free_strip(box, rng)
    along, across = coordinates(len(image))
    if side % 2 == 0:
        along, across = across, along
    if side >= 2:
        across = 1 - across
    shown, length, middle = width - 0.02, rng.uniform(0.14, 0.3), rng.uniform(0, 1)
    shape = np.hypot((along - middle) / length, across / shown).astype(np.float32)
    colour = np.array(_CHART[rng.integers(len(_CHART))]) * rng.uniform(0.75, 1.0)
    blend(image, colour, np.float32(0.95) * smooth_step(0.95 - shape, 0.05))


ARTEFACTS = {"ink": ink, "ruler": ruler, "hair": hair, "bubbles": bubbles, "vignette": vignette, "chart": chart}
