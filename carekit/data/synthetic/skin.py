"""Dermoscopic images that never were: skin, a lesion of one of seven classes, artefacts, with mask and box."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter

from carekit.data.synthetic.artefacts import ARTEFACTS
from carekit.data.synthetic.canvas import blend, coordinates, noise, smooth_step
from carekit.data.synthetic.outline import Outline, outline
from carekit.data.synthetic.scene import Kind, Scene, check_size
from carekit.data.synthetic.structures import STRUCTURES

CLASS_NAMES = {
    "nv": "melanocytic nevus",
    "mel": "melanoma",
    "bkl": "benign keratosis",
    "bcc": "basal cell carcinoma",
    "akiec": "actinic keratosis",
    "vasc": "vascular lesion",
    "df": "dermatofibroma",
}
CLASSES = tuple(CLASS_NAMES)
PAPER_COUNTS = dict(zip(CLASSES, (6705, 1113, 1099, 514, 327, 142, 115), strict=True))  # section 4.1
_TONES = np.array([[0.95, 0.80, 0.74], [0.90, 0.71, 0.62], [0.82, 0.60, 0.48], [0.68, 0.46, 0.34], [0.47, 0.31, 0.23]])


def render_skin(
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
    """One image; the same arguments give the same bytes, another size the same scene.

    label: index into CLASSES. rates: the probability in [0, 1] of each artefact, none of those that are not named.
    lesion_size: factor on the lesion's extent. spread: factor on how far from the middle it may lie.
    Raises ValueError for a size out of range.
    """
    check_size(size)
    rates = rates or {}
    shape_rng, skin_rng, structure_rng, artefact_rng = (
        np.random.default_rng([seed, train, index, label, part]) for part in range(4)
    )
    irregular = shape_rng.uniform(0.4, 1.0) if CLASSES[label] == "mel" else shape_rng.uniform(0, 0.6)
    lesion = outline(shape_rng, size, irregular, lesion_size, spread)
    image = _skin(skin_rng, size)
    _lesion(image, lesion, skin_rng)
    STRUCTURES[label](image, lesion, structure_rng)
    mask = (lesion.depth > 0).astype(np.uint8)
    box = _tight_box(mask)
    shown = tuple(kind for kind in ARTEFACTS if artefact_rng.random() < rates.get(kind, 0))
    for kind in shown:
        ARTEFACTS[kind](image, box / size, artefact_rng)
    image = gaussian_filter(image, (0.004 * size, 0.004 * size, 0))
    image += skin_rng.normal(0, 0.012, image.shape)  # the camera's noise belongs to the pixels
    return Scene((image.clip(0, 1) * 255).round().astype(np.uint8), mask, box[None], shown)


def _skin(rng: np.random.Generator, size: int) -> Float[np.ndarray, "s s 3"]:
    """Skin between two neighbouring tones, with texture and uneven light."""
    x, y = coordinates(size)
    tone = rng.triangular(0, 1, 4)
    low, part = min(int(tone), 3), tone - min(int(tone), 3)
    colour = (1 - part) * _TONES[low] + part * _TONES[low + 1] + rng.normal(0, 0.02, 3)
    texture = 0.025 * noise(rng, 6, size) + 0.018 * noise(rng, 24, size)
    turn, slope = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.18)
    light = 1 + slope * (np.cos(turn) * (x - 0.5) + np.sin(turn) * (y - 0.5))
    redness = 0.015 * noise(rng, 4, size)
    image = colour * (light + texture)[..., None]
    image[..., 0] += redness
    return image


def _lesion(image: np.ndarray, lesion: Outline, rng: np.random.Generator) -> None:
    """The lesion's ground colour: the same range of browns and pinks for every class."""
    tint = rng.uniform(0.5, 0.85) * np.array([1.0, rng.uniform(0.75, 0.95), rng.uniform(0.65, 0.95)])
    colour = image.mean((0, 1)) * tint
    mottled = 0.75 + 0.1 * noise(rng, 8, len(image)) + 0.1 * noise(rng, 3, len(image))
    blend(image, colour, smooth_step(lesion.depth, rng.uniform(0.12, 0.4)) * mottled.clip(0, 1))
    if rng.random() < 0.3:  # a paler middle, as any class may have: it does not tell the rare class by itself
        middle = rng.uniform(0.3, 0.5) - np.hypot(lesion.u - rng.uniform(-0.3, 0.3), lesion.v - rng.uniform(-0.3, 0.3))
        blend(image, image.mean((0, 1)), rng.uniform(0.3, 0.7) * smooth_step(middle, 0.3))


def _tight_box(mask: np.ndarray) -> Float[np.ndarray, " 4"]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=float)


SKIN = Kind(
    name="synthetic-skin",
    title="Synthetic skin",
    class_names=CLASS_NAMES,
    counts=PAPER_COUNTS,
    artefacts={"ink": 0.03, "ruler": 0.15, "hair": 0.15, "vignette": 0.15},
    shortcut="ink",
    render=render_skin,
)
