"""What a frontal chest film shows of any patient, as attenuation: how much each part dims the beam.

Patient coordinates: X is 0 at the spine and ±1 at the side walls of the lungs (the patient's left is at X > 0, on the
picture's right), Y is 0 at the lungs' tops and 1 at the diaphragm.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from carekit.material.drawing.canvas import coordinates, smooth_step
from carekit.material.drawing.strokes import dots
from carekit.material.drawing.texture import cloud

_TRUNKS = 8  # of vessels in a lung

Field = Float[np.ndarray, "s s"]


@dataclass
class Body:
    """A patient's proportions, in patient coordinates unless said; the findings may change them."""

    middle: float  # of the spine, in images
    half: float  # width of a lung's side from the spine, in images
    top: float  # of the lungs, in images
    height: float  # of the lungs, in images
    tilt: float  # radians
    bend: float  # sideways curve of the spine
    neck: float
    shoulder: float
    torso: float
    heart: float  # its reach to the left
    domes: tuple[float, float]  # heights of the right and the left half of the diaphragm
    fat: float
    ribs: float  # distance between two

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Body":
        half = rng.uniform(0.30, 0.39)
        return cls(
            middle=0.5 + rng.normal(0, 0.012),
            half=half,
            top=rng.uniform(0.09, 0.2),
            height=half * rng.uniform(1.42, 1.78),
            tilt=rng.normal(0, 0.02),
            bend=rng.normal(0, 0.012),
            neck=rng.uniform(0.24, 0.33),
            shoulder=rng.uniform(1.45, 1.9),
            torso=rng.uniform(1.12, 1.3),
            heart=rng.uniform(0.48, 0.62),
            domes=(rng.uniform(0.9, 0.97), rng.uniform(0.95, 1.02)),
            fat=rng.uniform(0.0, 0.25),
            ribs=rng.uniform(0.105, 0.125),
        )

    def place(self, x: float | np.ndarray, y: float | np.ndarray) -> np.ndarray:
        """The point (X, Y) in units of the image, tilt and bend left out."""
        return np.array([self.middle + self.half * x, self.top + self.height * y])


@dataclass
class Patient:
    """The body on the pixels of a film: its coordinates, the lungs in [0, 1], the heart in [0, 1]."""

    body: Body
    x: Field
    y: Field
    lungs: Field
    heart: Field
    wall: Field  # where the lungs end sideways, at this height
    floor: Field  # where they end below, at this distance from the spine

    @classmethod
    def on_film(cls, body: Body, size: int) -> "Patient":
        u, v = (each.astype(np.float32) for each in coordinates(size))
        c, s = np.float32(np.cos(body.tilt)), np.float32(np.sin(body.tilt))
        dx, dy = u - np.float32(body.middle), v - np.float32(0.5)
        y = ((-s * dx + c * dy) + np.float32(0.5 - body.top)) / np.float32(body.height)
        x = (c * dx + s * dy) / np.float32(body.half)
        x = x - np.float32(body.bend / body.half) * np.sin(np.pi * y)
        heart, side, floor = _heart(body, x, y), wall(y.clip(0.02)), diaphragm(body, x)
        return cls(body, x, y, _lungs(x, y, side, floor) * (1 - heart), heart, side, floor)

    @property
    def size(self) -> int:
        return len(self.x)


def wall(y: Field) -> Field:
    """Where a lung ends sideways, |X|, by height: narrow at the top, straight below."""
    below = (1 - np.clip(y, 0, 1)) ** 2.6
    return np.sqrt(np.clip(1 - below, 0.0, 1)) * (1 - 0.05 * np.clip(0.75 - y, 0, 1))


def diaphragm(body: Body, x: Field) -> Field:
    """Y of the diaphragm's domes, which fall steeply to the side."""
    height = np.where(x < 0, np.float32(body.domes[0]), np.float32(body.domes[1]))
    away = (np.abs(x) - 0.42) / 0.58
    return height + 0.17 * np.clip(away, 0, 1.2) ** 2.2 + 0.05 * np.clip(-away, 0, 1) ** 2


def _lungs(x: Field, y: Field, side: Field, floor: Field) -> Field:
    across, soft = np.abs(x), 0.022
    inner = 0.14 + 0.06 * np.exp(-(((y - 0.42) / 0.16) ** 2)) - 0.04 * np.clip(0.3 - y, 0, 0.3)
    between = smooth_step(side - across, soft) * smooth_step(across - inner, 0.045)
    return between * smooth_step(floor - y, soft * 0.7) * smooth_step(y, 0.03)


def _heart(body: Body, x: Field, y: Field) -> Field:
    """Ventricles to the left, pointing down and out, atrium to the right; above, the great vessels and the arch."""
    u, v = x - 0.42 * body.heart, y - 0.80
    c, s = math.cos(0.75), math.sin(0.75)
    left = 1 - np.hypot((c * u + s * v) / (0.62 * body.heart + 0.06), (c * v - s * u) / 0.27)
    right = 1 - np.hypot((x + 0.02) / 0.25, (y - 0.78) / 0.25)
    waist = 0.17 + 0.045 * np.exp(-(((y - 0.3) / 0.07) ** 2)) + 0.05 * smooth_step(y - 0.45, 0.12)
    vessels = smooth_step(waist - np.abs(x - 0.035), 0.05) * (0.75 + 0.25 * smooth_step(y - 0.5, 0.3))
    return np.maximum(np.maximum(smooth_step(left, 0.09), smooth_step(right, 0.14)), vessels)


def silhouette(patient: Patient) -> Field:
    """Thickness of the body in the beam, 0 outside: neck, shoulders, arms' root, trunk."""
    body, y = patient.body, patient.y
    shoulders = body.neck + (body.shoulder - body.neck) * smooth_step(y + 0.03, 0.13)
    width = shoulders - (body.shoulder - body.torso) * smooth_step(y - 0.5, 0.28)
    inside = np.clip(1 - (patient.x / width) ** 2, 0, 1)
    return np.sqrt(inside) * (0.72 + 0.28 * smooth_step(1 - np.abs(patient.x) / 1.35, 0.3))


def attenuation(patient: Patient, rng: np.random.Generator) -> Field:
    """Everything of the anatomy together."""
    body, x, y, lungs = patient.body, patient.x, patient.y, patient.lungs
    flesh = silhouette(patient)
    below = smooth_step(y - patient.floor, 0.03) * smooth_step(1.06 - np.abs(x), 0.1)
    total = flesh * (0.80 + body.fat) + 0.55 * below * flesh + 0.40 * patient.heart * (1 - 0.6 * below) * flesh
    total -= 0.66 * flesh * lungs
    total -= 0.16 * np.exp(-(((x - 0.01) / 0.055) ** 2)) * smooth_step(0.33 - y, 0.06)  # the windpipe
    total += _bones(patient, rng, np.minimum(1, 2.5 * flesh))
    total += lungs * (_vessels(patient, rng) + rng.uniform(0.012, 0.03) * cloud(rng, patient.size, 8.0, 0.5))
    total += 0.03 * flesh * cloud(rng, patient.size, 2.0, 1.2)
    total -= _stomach(patient, rng) * flesh
    total += _breasts(patient, rng)
    return total


def _bones(patient: Patient, rng: np.random.Generator, within: Field) -> Field:
    body, x, y = patient.body, patient.x, patient.y
    across = np.abs(x)
    cage = smooth_step(patient.wall + 0.06 - across, 0.04) * smooth_step(y + 0.06, 0.05)
    fade = smooth_step(1.22 - y, 0.2)
    # Behind: from the spine outwards and down; in front: from the side inwards and down, and fainter.
    drop = 0.36 * across**2 - 0.10 * across
    behind = _band((y - drop + rng.uniform(0, 0.03)) / np.float32(body.ribs), 0.3)
    front = _band((y + 0.34 * across - 0.08 * across**2) / np.float32(1.25 * body.ribs), 0.3)
    ribs = rng.uniform(0.10, 0.17) * behind * smooth_step(across - 0.1, 0.05)
    ribs += rng.uniform(0.03, 0.07) * front * smooth_step(across - 0.38, 0.15) * smooth_step(y - 0.12, 0.1)
    edge = 0.10 * np.exp(-(((across - patient.wall - 0.02) / 0.03) ** 2))
    spine = _band(y / np.float32(0.072), 0.36) * np.exp(-((x / 0.085) ** 4))
    shoulder = _shoulders(patient, rng) * within
    return (
        (ribs + edge) * cage * fade
        + np.where(y > 0.9, np.float32(0.18), np.float32(0.10)) * spine * smooth_step(y + 0.4, 0.1)
        + shoulder
    )


def _band(phase: Field, width: float) -> Field:
    """Bands of a period of 1: a body, and brighter rims."""
    away = np.abs(phase - np.round(phase))
    return 0.7 * smooth_step(width - away, 0.06) + 0.55 * np.exp(-(((away - width) / 0.055) ** 2))


def _shoulders(patient: Patient, rng: np.random.Generator) -> Field:
    """Clavicles, shoulder blades and the heads of the arms."""
    x, y = np.abs(patient.x), patient.y
    rise, low = rng.uniform(0.05, 0.2), rng.uniform(0.06, 0.13)
    away = np.abs(y - low + rise * (x - 0.12) - 0.035 * np.sin(3.2 * np.pi * (x - 0.12))) / 0.03
    collar = (0.20 * smooth_step(1 - away, 0.35) + 0.10 * np.exp(-(((away - 1) / 0.25) ** 2))) * (x > 0.11)
    collar = collar * smooth_step(1.12 - x, 0.12)
    blade = 0.10 * np.exp(-(((x - 0.98 + 0.28 * (y - 0.25)) / 0.022) ** 2))
    blade = (blade + 0.05 * smooth_step(x - 0.98 + 0.28 * (y - 0.25), 0.03) * smooth_step(1.4 - x, 0.1)) * (
        smooth_step(y - 0.08, 0.08) * smooth_step(0.58 - y, 0.12)
    )
    head = np.hypot((x - 1.33) / 0.17, (y - 0.1) / 0.11)
    return collar + blade + 0.07 * smooth_step(1 - head, 0.2) + 0.05 * np.exp(-(((head - 1) / 0.1) ** 2))


def _vessels(patient: Patient, rng: np.random.Generator) -> Field:
    """Arteries and veins from the roots of the lungs outwards, thinning and forking: two trees of one form."""
    body, size, n = patient.body, patient.size, 2 * _TRUNKS
    side = np.repeat((-1.0, 1.0), _TRUNKS)
    fan = np.pi * (-0.46 + 0.98 * (np.tile(np.arange(_TRUNKS), 2) + rng.random(n)) / _TRUNKS)
    heading, length = np.where(side > 0, fan, np.pi - fan), body.half * rng.uniform(0.55, 1.0, n)
    width, root = rng.uniform(0.0030, 0.0055, n), body.place(0.2 * side, np.full(n, 0.45)).T
    trunks = _lines(root, heading, length, rng, _points(size))
    # Each trunk forks twice, to either side.
    forks = trunks[np.tile(np.arange(n), 2), rng.integers(len(trunks[0]) // 3, len(trunks[0]) - 1, 2 * n)]
    turns = np.tile(heading, 2) + np.repeat((-1, 1), n) * rng.uniform(0.3, 0.8, 2 * n)
    twigs = _lines(forks, turns, 0.5 * np.tile(length, 2), rng, _points(size // 2))
    x, y = np.concatenate([trunks.reshape(-1, 2), twigs.reshape(-1, 2)]).T
    taper = 1 - 0.75 * _points(size), 1 - 0.75 * _points(size // 2)
    thick = np.outer(width, taper[0]).ravel(), np.outer(0.55 * np.tile(width, 2), taper[1]).ravel()
    lines = dots(size, x, y, np.concatenate(thick), 1.0)
    hilum = np.exp(-(((np.abs(patient.x) - 0.21) / 0.10) ** 2) - ((patient.y - 0.46) / 0.16) ** 2)
    return rng.uniform(0.15, 0.27) * lines + rng.uniform(0.05, 0.16) * hilum


@lru_cache(maxsize=16)
def _points(size: int) -> Float[np.ndarray, " p"]:
    """Places along a line, in [0, 1], dense enough for a picture of this size."""
    return np.linspace(0, 1, max(12, size // 3))


def _lines(
    start: np.ndarray, heading: np.ndarray, length: np.ndarray, rng: np.random.Generator, along: np.ndarray
) -> Float[np.ndarray, "n p 2"]:
    """Points of n wandering lines, at the places `along` them."""
    steps = 8
    turns = heading[:, None] + rng.normal(0, 0.14, (len(start), steps)).cumsum(1)
    nodes = np.empty((len(start), steps + 1, 2))
    nodes[:, 0] = start
    for axis, way in enumerate((np.cos(turns), np.sin(turns))):
        nodes[:, 1:, axis] = start[:, axis, None] + way.cumsum(1) * (length / steps)[:, None]
    low = np.minimum((along * steps).astype(int), steps - 1)
    part = (along * steps - low)[:, None]
    return nodes[:, low] * (1 - part) + nodes[:, low + 1] * part


def _stomach(patient: Patient, rng: np.random.Generator) -> Field:
    """The bubble of air under the left half of the diaphragm, often with a level of fluid."""
    y0 = patient.body.domes[1] + rng.uniform(0.12, 0.2)
    away = np.hypot((patient.x - rng.uniform(0.35, 0.6)) / rng.uniform(0.1, 0.24), (patient.y - y0) / 0.075)
    bubble = smooth_step(1 - away, 0.15) * smooth_step(patient.y - patient.floor - 0.04, 0.02)
    if rng.random() < 0.6:
        bubble = bubble * smooth_step(y0 + 0.02 - patient.y, 0.012)
    return rng.uniform(0.0, 0.55) * bubble


def _breasts(patient: Patient, rng: np.random.Generator) -> Field | np.float32:
    """Soft shadows with a round lower edge, in some."""
    amount, low = rng.uniform(-0.2, 0.22), rng.uniform(0.8, 1.0)
    if amount <= 0:
        return np.float32(0)
    away = np.hypot((np.abs(patient.x) - 0.62) / 0.5, (patient.y - low + 0.22) / 0.3)
    return amount * smooth_step(1 - away, 0.08) * smooth_step(patient.y - low + 0.42, 0.3)
