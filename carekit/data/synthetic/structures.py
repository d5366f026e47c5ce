"""What defines each class, drawn inside the lesion: one dermoscopic hallmark each, simplified.

Each function paints on image (s, s, 3) in [0, 1], in place, only where the lesion is. Sources for the hallmarks:
Kittler et al., Standardization of terminology in dermoscopy, J. Am. Acad. Dermatol. 2016.
"""

import numpy as np

from carekit.data.synthetic.canvas import blend, noise, smooth_step
from carekit.data.synthetic.outline import Outline

DARK, WHITE, BLUE_GREY = (0.22, 0.12, 0.08), (0.93, 0.86, 0.82), (0.36, 0.40, 0.48)
RED, PURPLE, SCALE = (0.72, 0.22, 0.20), (0.42, 0.08, 0.20), (0.93, 0.88, 0.74)


def _paint(image, lesion: Outline, colour, strength: float, pattern: np.ndarray) -> None:
    """Blend a colour in where the pattern is, inside the lesion only."""
    blend(image, colour, strength * smooth_step(lesion.depth - 0.06, 0.1) * pattern)


def _network(rng, lesion: Outline, cycles: float, warp: float) -> np.ndarray:
    """Lines of a honeycomb, opacity in [0, 1]: three crossing waves, bent by noise."""
    size, bend = len(lesion.u), warp / cycles
    u, v = (axis + bend * noise(rng, 5, size) for axis in (lesion.u, lesion.v))
    turns = rng.uniform(0, np.pi) + np.pi / 3 * np.arange(3)
    waves = [np.cos(np.pi * cycles * (np.cos(t) * u + np.sin(t) * v)) for t in turns]
    return smooth_step(-0.05 - np.sum(waves, 0) / 3, 0.4)


def _spots(rng, lesion: Outline, n, low: float, high: float, reach: float) -> np.ndarray:
    """Round spots with radii in lesion units, opacity in [0, 1]."""
    opacity = np.zeros_like(lesion.u)
    for _ in range(n):
        angle, distance, radius = rng.uniform(0, 2 * np.pi), reach * np.sqrt(rng.random()), rng.uniform(low, high)
        stretch = rng.uniform(0.75, 1.3)
        du, dv = lesion.u - distance * np.cos(angle), lesion.v - distance * np.sin(angle)
        opacity = np.maximum(opacity, smooth_step(1 - np.hypot(du * stretch, dv / stretch) / radius, 0.5))
    return opacity


def nevus(image, lesion: Outline, rng) -> None:
    """A regular pigment network over the whole lesion."""
    _paint(image, lesion, DARK, rng.uniform(0.3, 0.6), _network(rng, lesion, rng.uniform(5, 7), 0.5))


def melanoma(image, lesion: Outline, rng) -> None:
    """A broken, irregular network and a blue-white veil to one side."""
    patchy = smooth_step(noise(rng, 4, len(image)), 1.0)
    _paint(image, lesion, DARK, rng.uniform(0.4, 0.75), patchy * _network(rng, lesion, rng.uniform(3.5, 6), 1.0))
    angle = rng.uniform(0, 2 * np.pi)
    du, dv = lesion.u - 0.4 * np.cos(angle), lesion.v - 0.4 * np.sin(angle)
    veil = smooth_step(0.5 - np.hypot(du, dv) + 0.1 * noise(rng, 6, len(image)), 0.3)
    _paint(image, lesion, (0.50, 0.52, 0.60), rng.uniform(0.3, 0.7), veil)


def keratosis(image, lesion: Outline, rng) -> None:
    """Milia-like cysts, bright, and comedo-like openings, dark."""
    _paint(image, lesion, DARK, rng.uniform(0.4, 0.75), _spots(rng, lesion, rng.integers(5, 10), 0.07, 0.14, 0.75))
    _paint(image, lesion, WHITE, rng.uniform(0.45, 0.8), _spots(rng, lesion, rng.integers(6, 12), 0.05, 0.11, 0.75))


def basal_cell(image, lesion: Outline, rng) -> None:
    """Blue-grey ovoid nests and arborising vessels."""
    _paint(image, lesion, BLUE_GREY, rng.uniform(0.4, 0.7), _spots(rng, lesion, rng.integers(3, 6), 0.14, 0.27, 0.6))
    lines = np.zeros_like(lesion.u)
    for _ in range(3):
        start, heading = rng.uniform(-0.7, 0.7, 2), rng.uniform(0, 2 * np.pi)
        _branch(rng, lesion, lines, start, heading, 0.06, 5)
    _paint(image, lesion, RED, rng.uniform(0.4, 0.75), lines)


def _branch(rng, lesion: Outline, lines, start, heading, width, steps) -> None:
    """A vessel of straight pieces that thins and forks; drawn into `lines`, in place."""
    for step in range(steps):
        heading += rng.normal(0, 0.35)
        end = start + 0.22 * np.array([np.cos(heading), np.sin(heading)])
        along = np.clip(
            ((lesion.u - start[0]) * (end - start)[0] + (lesion.v - start[1]) * (end - start)[1]) / 0.0484, 0, 1
        )
        away = np.hypot(lesion.u - start[0] - along * (end - start)[0], lesion.v - start[1] - along * (end - start)[1])
        np.maximum(lines, smooth_step(1 - away / width, 0.8), out=lines)
        if step == 1 and width > 0.045:
            _branch(rng, lesion, lines, end, heading + rng.choice([-1, 1]) * 0.9, 0.7 * width, steps - 2)
        start = end


def actinic(image, lesion: Outline, rng) -> None:
    """Strawberry pattern: a red pseudonetwork around pale follicles; flakes of scale."""
    _paint(image, lesion, RED, rng.uniform(0.25, 0.5), smooth_step(0.6 + noise(rng, 5, len(image)), 1.0))
    follicles = 1 - _network(rng, lesion, rng.uniform(3.5, 5), 0.5)
    _paint(image, lesion, (0.90, 0.70, 0.62), rng.uniform(0.35, 0.65), smooth_step(follicles - 0.6, 0.3))
    flakes = smooth_step(noise(rng, 12, len(image)) - 1.3, 0.6)
    _paint(image, lesion, SCALE, rng.uniform(0.4, 0.7), flakes)


def vascular(image, lesion: Outline, rng) -> None:
    """Red-purple lacunae: well-defined round lakes, packed."""
    lakes = _spots(rng, lesion, rng.integers(9, 16), 0.13, 0.26, 0.75)
    _paint(image, lesion, PURPLE, rng.uniform(0.45, 0.75), smooth_step(lakes - 0.4, 0.3))
    _paint(image, lesion, RED, 0.5, smooth_step(lakes - 0.9, 0.15))


def fibroma(image, lesion: Outline, rng) -> None:
    """A central white patch and a delicate network around it."""
    rim = smooth_step(np.hypot(lesion.u, lesion.v) - 0.5, 0.2)
    _paint(image, lesion, DARK, rng.uniform(0.15, 0.4), rim * _network(rng, lesion, rng.uniform(5.5, 7.5), 0.5))
    patch = rng.uniform(0.3, 0.5) - np.hypot(lesion.u, lesion.v) + 0.1 * noise(rng, 8, len(image))
    _paint(image, lesion, WHITE, rng.uniform(0.2, 0.5), smooth_step(patch, 0.3))


STRUCTURES = (nevus, melanoma, keratosis, basal_cell, actinic, vascular, fibroma)
