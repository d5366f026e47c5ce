"""Chest films that never were: anatomy, lung opacities or other findings, devices, with masks and boxes."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

from carekit.data.masks import around
from carekit.material.drawing.canvas import eight_bits
from carekit.material.drawing.chest import findings
from carekit.material.drawing.chest.anatomy import Body, Patient, attenuation
from carekit.material.drawing.chest.devices import DEVICES
from carekit.material.drawing.scene import Kind, Scene, check_size, streams
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
        spread: factor on how far from its usual place each is.

    Raises:
        ValueError: for a size out of range.
    """
    check_size(size)
    rates = rates or {}
    # A generator for each part: what one part draws does not move the others.
    body_rng, film_rng, finding_rng, device_rng = streams(seed, train, index, label)
    body = Body.draw(body_rng)
    chosen: Sequence[str] = ()
    shapes: list[np.ndarray] = []  # of the opacities, (s, s) each
    if CLASSES[label] == "abnormal":
        chosen = finding_rng.permutation(findings.FINDINGS)[: finding_rng.integers(1, 3)].tolist()
        for finding in chosen:
            findings.change(body, finding, finding_rng)
    patient = Patient.on_film(body, size)
    beam = attenuation(patient, body_rng)
    if CLASSES[label] == "opacity":
        denser, shapes = findings.opacities(patient, finding_rng, lesion_size, spread)
        beam += denser
    for finding in chosen:
        beam += findings.add(patient, finding, finding_rng)
    # How bright the film gets: bone and fluid white, air black; exposure and contrast differ from film to film.
    beam = beam.clip(0)
    if size > 96:  # below, a pixel is wider than the blur
        beam = gaussian_filter(beam, 0.0035 * size, truncate=2.5)
    film = 1 - np.exp(-film_rng.uniform(1.5, 2.3) * beam)
    film = film ** np.float32(film_rng.uniform(0.9, 1.7)) * np.float32(film_rng.uniform(0.92, 1.05))
    film = (film + np.float32(film_rng.uniform(0.0, 0.05))).astype(np.float32)
    masks = np.zeros((1, size, size), np.uint8)  # without an opacity an empty one
    if shapes:
        masks = np.stack([shape > HALF * shape.max() for shape in shapes]).astype(np.uint8)
    boxes = np.array([around(mask) for mask in masks if mask.any()]).reshape(-1, 4)
    shown = tuple(kind for kind in DEVICES if device_rng.random() < rates.get(kind, 0))
    for kind in shown:
        DEVICES[kind](film, boxes / size, device_rng)
    # The detector's noise belongs to the pixels, so it comes last.
    noisy = film + film_rng.uniform(0.004, 0.012) * film_rng.standard_normal(film.shape, np.float32)
    image = np.repeat(eight_bits(noisy)[..., None], 3, 2)  # (s, s) -> (s, s, 3)
    return Scene(image, masks.max(0), boxes, shown)


CHEST = Kind(
    name="synthetic-chest",
    title="Synthetic chest X-rays",
    class_names=CHEST_NAMES,
    counts=CHEST_COUNTS,
    artefacts={"marker": 0.03, "wires": 0.12, "device": 0.05, "collimation": 0.15},
    shortcut="marker",
    render=render_chest,
)
