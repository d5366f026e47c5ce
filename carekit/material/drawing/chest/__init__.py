"""Chest films that never were: anatomy, lung opacities or other findings, devices, with masks and boxes."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, UInt8
from scipy.ndimage import gaussian_filter

from carekit.data.masks import around
from carekit.material.drawing.chest import findings
from carekit.material.drawing.chest.anatomy import Body, Patient, attenuation
from carekit.material.drawing.chest.devices import DEVICES
from carekit.material.drawing.scene import Kind, Scene, check_size
from carekit.paper import CHEST_COUNTS, CHEST_NAMES

CLASSES = tuple(CHEST_NAMES)
HALF = 0.5  # of an opacity's height: what counts as inside


def render_chest(
    seed: int,
    index: int,
    label: int,
    size: int = 64,
    *,
    train: bool = True,
    rates: Mapping[str, float] | None = None,
    lesion_size: float = 1.0,
    spread: float = 1.0,
) -> Scene:
    """One film; the same arguments give the same bytes, another size the same scene.

    The patient is drawn alike for all classes.

    Args:
        seed, index, train: which film; those for training and for testing are drawn apart.
        label: index into CLASSES; only an opacity has boxes, one to three.
        size: height and width in pixels, 32 to 512.
        rates: the probability in [0, 1] of each device, none of those that are not named.
        lesion_size: factor on the opacities' extent.
        spread: factor on how far from its usual place each lies.

    Raises:
        ValueError: for a size out of range.
    """
    check_size(size)
    rates = rates or {}
    body_rng, film_rng, finding_rng, device_rng = (
        np.random.default_rng([seed, train, index, label, part]) for part in range(4)
    )
    body = Body.draw(body_rng)
    chosen: Sequence[str] = ()
    parts: list[np.ndarray] = []
    if CLASSES[label] == "abnormal":
        chosen = finding_rng.permutation(findings.FINDINGS)[: finding_rng.integers(1, 3)].tolist()
        for finding in chosen:
            findings.change(body, finding, finding_rng)
    patient = Patient.on_film(body, size)
    beam = attenuation(patient, body_rng)
    if CLASSES[label] == "opacity":
        extra, parts = findings.opacities(patient, finding_rng, lesion_size, spread)
        beam += extra
    for finding in chosen:
        beam += findings.add(patient, finding, finding_rng)
    film = _expose(beam, film_rng)
    masks = [(part > HALF * part.max()).astype(np.uint8) for part in parts]
    boxes = np.array([around(mask) for mask in masks]).reshape(-1, 4)
    shown = tuple(kind for kind in DEVICES if device_rng.random() < rates.get(kind, 0))
    for kind in shown:
        DEVICES[kind](film, boxes / size, device_rng)
    mask = np.max(masks, axis=0) if masks else np.zeros((size, size), np.uint8)
    return Scene(_print(film, film_rng), mask, boxes, shown)


def _expose(beam: Float[np.ndarray, "s s"], rng: np.random.Generator) -> Float[np.ndarray, "s s"]:
    """How bright the film gets: bone and fluid white, air black; exposure and contrast differ from film to film."""
    size = len(beam)
    beam = gaussian_filter(beam.clip(0), 0.0035 * size, truncate=2.5) if size > 96 else beam.clip(0)
    film = 1 - np.exp(-rng.uniform(1.5, 2.3) * beam)
    film = film ** np.float32(rng.uniform(0.9, 1.7)) * np.float32(rng.uniform(0.92, 1.05))
    return (film + np.float32(rng.uniform(0.0, 0.05))).astype(np.float32)


def _print(film: Float[np.ndarray, "s s"], rng: np.random.Generator) -> UInt8[np.ndarray, "s s 3"]:
    """Eight bits in three equal channels, with the detector's noise, which belongs to the pixels."""
    noisy = film + rng.uniform(0.004, 0.012) * rng.standard_normal(film.shape, np.float32)
    return np.repeat((noisy.clip(0, 1) * 255 + 0.5).astype(np.uint8)[..., None], 3, 2)


CHEST = Kind(
    name="synthetic-chest",
    title="Synthetic chest X-rays",
    class_names=CHEST_NAMES,
    counts=CHEST_COUNTS,
    artefacts={"marker": 0.03, "wires": 0.12, "device": 0.05, "collimation": 0.15},
    shortcut="marker",
    render=render_chest,
)
