"""What may be wrong: lung opacities, with their boxes, and findings that are no opacity."""

import numpy as np
from jaxtyping import Float

from carekit.material.drawing.canvas import smooth_step
from carekit.material.drawing.chest.anatomy import Body, Field, Patient
from carekit.material.drawing.texture import cloud

# (|X|, Y) of the middles of the zones where an opacity may be.
_UPPER, _LOWER = ((0.5, 0.2), (0.58, 0.3)), ((0.58, 0.72), (0.45, 0.66))


def opacities(
    patient: Patient, rng: np.random.Generator, extent: float, spread: float
) -> tuple[Field, list[Float[np.ndarray, "s s"]]]:
    """Attenuation of one to three consolidations, and how much each pixel belongs to each, in [0, 1].

    extent: factor on their size. spread: factor on how far from its zone's middle each is.
    """
    n = int(rng.choice((1, 2, 3), p=(0.5, 0.38, 0.12)))
    upper, lower = rng.permutation(_UPPER), rng.permutation(_LOWER)
    first = _side(rng)
    # Two of one side are apart: one above, one below.
    other = (lower[1], upper[0])[int(rng.random() < 0.5)]
    places = [(first, lower[0]), (-first, other), (first, upper[1])]
    total, shapes = np.zeros_like(patient.x), []
    for side, (x0, y0) in places[:n]:
        x0 = side * x0
        x0, y0 = x0 + spread * rng.uniform(-0.1, 0.1), y0 + spread * rng.uniform(-0.08, 0.08)
        width, height = extent * rng.uniform(0.2, 0.4), extent * rng.uniform(0.11, 0.24)
        away = np.hypot((patient.x - x0) / width, (patient.y - y0) / height)
        ragged = 1 - away + 0.2 * cloud(rng, patient.size, 3.0, 1.2)
        near = smooth_step(1.45 - away, 0.3)  # clouds far away are no part of it
        shape = smooth_step(ragged + 0.1, rng.uniform(0.28, 0.5)) * near * patient.lungs
        patchy = 1 + 0.28 * cloud(rng, patient.size, 5.0, 0.9) * smooth_step(away - 0.2, 0.5)
        total = total + rng.uniform(0.2, 0.5) * shape * patchy.clip(0.2, 1.6)
        shapes.append(shape)
    return total, shapes


def change(body: Body, finding: str, rng: np.random.Generator) -> None:
    """Findings that are a matter of proportion, in place."""
    if finding == "large heart":
        body.heart = rng.uniform(0.74, 0.88)
    elif finding == "overinflated":
        body.height *= 1.12
        body.domes = (body.domes[0] + 0.06, body.domes[1] + 0.05)
        body.heart = 0.42
    elif finding == "curved spine":
        body.bend = _side(rng) * rng.uniform(0.04, 0.06)


def add(patient: Patient, finding: str, rng: np.random.Generator) -> Field:
    """Attenuation of findings on the lungs or around them."""
    if finding == "effusion":
        return _effusion(patient, rng)
    if finding == "nodules":
        return _nodules(patient, rng)
    if finding == "bands":
        return _bands(patient, rng)
    return np.zeros_like(patient.x)


FINDINGS = ("large heart", "overinflated", "curved spine", "effusion", "nodules", "bands")


def _effusion(patient: Patient, rng: np.random.Generator) -> Field:
    """Fluid in the angle between the ribs and the diaphragm, its level rising to the side."""
    side, depth = _side(rng), rng.uniform(0.05, 0.2)
    across = np.clip(side * patient.x, 0, 1.2)
    level = patient.floor - depth * np.clip(across - 0.3, 0, 1) ** 1.5 * 2
    inside = smooth_step(patient.wall + 0.03 - across, 0.03) * (side * patient.x > 0.05)
    return 0.5 * smooth_step(patient.y - level, 0.035) * inside * smooth_step(1.3 - patient.y, 0.1) * patient.lungs**0.3


def _nodules(patient: Patient, rng: np.random.Generator) -> Field:
    """Small, dense and sharp: calcified."""
    total = np.zeros_like(patient.x)
    for _ in range(rng.integers(2, 7)):
        x0, y0 = _side(rng) * rng.uniform(0.3, 0.75), rng.uniform(0.2, 0.8)
        away = np.hypot(patient.x - x0, (patient.y - y0) * patient.body.height / patient.body.half)
        total += rng.uniform(0.3, 0.5) * smooth_step(rng.uniform(0.02, 0.04) - away, 0.012)
    return total * patient.lungs


def _bands(patient: Patient, rng: np.random.Generator) -> Field:
    """Streaks of collapsed lung near the base."""
    total = np.zeros_like(patient.x)
    for _ in range(rng.integers(1, 4)):
        side, y0, slope = _side(rng), rng.uniform(0.6, 0.85), rng.uniform(-0.25, 0.25)
        line = np.abs(patient.y - y0 - slope * (side * patient.x - 0.5)) / rng.uniform(0.008, 0.016)
        reach = smooth_step(0.28 - np.abs(side * patient.x - 0.55), 0.08)
        total += rng.uniform(0.15, 0.3) * np.exp(-(line**2)) * reach
    return total * patient.lungs


def _side(rng: np.random.Generator) -> int:
    return 2 * int(rng.integers(2)) - 1
