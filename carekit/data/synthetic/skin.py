"""Dermoscopic images that never were: skin, a lesion of one of seven classes, artefacts, with mask and box."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, UInt8
from scipy.ndimage import gaussian_filter

from carekit.data.synthetic.artefacts import ARTEFACTS
from carekit.data.synthetic.outline import outline
from carekit.data.synthetic.scene import Kind, Scene, check_size
from carekit.data.synthetic.structures import STRUCTURES, STYLES
from carekit.data.synthetic.tissue import light, skin, stain

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
    lesion = outline(shape_rng, size, STYLES[label], lesion_size, spread)
    image = skin(skin_rng, size)
    stain(image[lesion.crop], STRUCTURES[label](lesion, structure_rng))
    mask = lesion.mask
    box = _tight_box(mask)
    shown = tuple(kind for kind in ARTEFACTS if artefact_rng.random() < rates.get(kind, 0))
    for kind in shown:
        ARTEFACTS[kind](image, box / size, artefact_rng)
    light(image, skin_rng)
    return Scene(_photograph(image, skin_rng), mask, box[None], shown)


def _photograph(image: Float[np.ndarray, "s s 3"], rng: np.random.Generator) -> UInt8[np.ndarray, "s s 3"]:
    """Eight bits, with the camera's noise, which belongs to the pixels."""
    if len(image) > 96:  # below, a pixel is wider than the lens blurs
        image = gaussian_filter(image, (0.0028 * len(image), 0.0028 * len(image), 0), truncate=2.5)
    image = image + rng.uniform(0.003, 0.009) * rng.standard_normal(image.shape, np.float32)
    return (image.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def _tight_box(mask: np.ndarray) -> Float[np.ndarray, " 4"]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=float)


SKIN = Kind(
    name="synthetic-skin",
    title="Synthetic skin",
    class_names=CLASS_NAMES,
    counts=PAPER_COUNTS,
    artefacts={"ink": 0.03, "ruler": 0.15, "hair": 0.2, "bubbles": 0.08, "vignette": 0.12, "chart": 0.03},
    shortcut="ink",
    render=render_skin,
)
