"""Dermoscopic images that never were: skin, a lesion of one of seven classes, artefacts, with mask and box."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8
from scipy.ndimage import gaussian_filter

from carekit.data.masks import around
from carekit.material.drawing import structures
from carekit.material.drawing.artefacts import ARTEFACTS
from carekit.material.drawing.outline import Outline, Style, outline
from carekit.material.drawing.scene import Kind, Scene, check_size
from carekit.material.drawing.tissue import Tissue, light, skin, stain
from carekit.paper import SKIN_COUNTS, SKIN_NAMES


class SkinClass(NamedTuple):
    """A class of lesions: the shape of a lesion and what is in it."""

    style: Style
    structure: Callable[[Outline, np.random.Generator], Tissue]


CLASSES = {
    "nv": SkinClass(
        style=Style(side=0.50, side_spread=0.42, irregular=(0.0, 0.6), edge=(0.12, 0.65)),
        structure=structures.nevus,
    ),
    "mel": SkinClass(
        style=Style(side=0.58, side_spread=0.36, irregular=(0.35, 1.0), edge=(0.08, 0.45)),
        structure=structures.melanoma,
    ),
    "bkl": SkinClass(
        style=Style(side=0.56, side_spread=0.38, irregular=(0.1, 0.9), edge=(0.04, 0.30)),
        structure=structures.keratosis,
    ),
    "bcc": SkinClass(
        style=Style(side=0.54, side_spread=0.40, irregular=(0.1, 0.9), edge=(0.15, 0.60)),
        structure=structures.basal_cell,
    ),
    "akiec": SkinClass(
        style=Style(side=0.64, side_spread=0.28, irregular=(0.2, 1.0), edge=(0.20, 0.65)),
        structure=structures.actinic,
    ),
    "vasc": SkinClass(
        style=Style(side=0.37, side_spread=0.45, irregular=(0.0, 0.5), edge=(0.04, 0.22)),
        structure=structures.vascular,
    ),
    "df": SkinClass(
        style=Style(side=0.54, side_spread=0.35, irregular=(0.0, 0.5), edge=(0.25, 0.65)),
        structure=structures.fibroma,
    ),
}


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

    Args:
        seed, index, train: which image; those for training and for testing are drawn apart.
        label: which of the CLASSES.
        size: height and width in pixels, 32 to 512.
        rates: the probability in [0, 1] of each artefact, none of those that are not named.
        lesion_size: factor on the lesion's extent.
        spread: factor on how far from the middle it may lie.

    Raises:
        ValueError: for a size out of range.
    """
    check_size(size)
    rates = rates or {}
    kind = tuple(CLASSES.values())[label]
    shape_rng, skin_rng, structure_rng, artefact_rng = (
        np.random.default_rng([seed, train, index, label, part]) for part in range(4)
    )
    lesion = outline(shape_rng, size, kind.style, lesion_size, spread)
    image = skin(skin_rng, size)
    stain(image[lesion.crop], kind.structure(lesion, structure_rng))
    mask = lesion.mask
    box = around(mask)
    shown = tuple(name for name in ARTEFACTS if artefact_rng.random() < rates.get(name, 0))
    for name in shown:
        ARTEFACTS[name](image, box / size, artefact_rng)
    light(image, skin_rng)
    return Scene(_photograph(image, skin_rng), mask, box[None], shown)


def _photograph(image: Float[np.ndarray, "s s 3"], rng: np.random.Generator) -> UInt8[np.ndarray, "s s 3"]:
    """Eight bits, with the camera's noise, which belongs to the pixels."""
    if len(image) > 96:  # below, a pixel is wider than the lens blurs
        image = gaussian_filter(image, (0.0028 * len(image), 0.0028 * len(image), 0), truncate=2.5)
    image = image + rng.uniform(0.003, 0.009) * rng.standard_normal(image.shape, np.float32)
    return (image.clip(0, 1) * 255 + 0.5).astype(np.uint8)


SKIN = Kind(
    name="synthetic-skin",
    title="Synthetic skin",
    class_names=SKIN_NAMES,
    counts=SKIN_COUNTS,
    artefacts={"ink": 0.03, "ruler": 0.15, "hair": 0.2, "bubbles": 0.08, "vignette": 0.12, "chart": 0.03},
    shortcut="ink",
    render=render_skin,
)
