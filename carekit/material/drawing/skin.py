"""Dermoscopic images that never were: skin, a lesion of one of seven classes, artefacts, with mask and box."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from carekit.data.masks import around
from carekit.material.drawing import structures
from carekit.material.drawing.artefacts import ARTEFACTS
from carekit.material.drawing.canvas import eight_bits
from carekit.material.drawing.outline import Outline, Style, outline
from carekit.material.drawing.scene import Kind, Scene, check_size, streams
from carekit.material.drawing.tissue import Tissue, light, skin, stain
from carekit.paper import SKIN_COUNTS, SKIN_NAMES


class SkinClass(NamedTuple):
    """A class of lesions: the shape of a lesion and what is in it."""

    style: Style
    structure: Callable[[Outline, np.random.Generator], Tissue]


# Of each class: median side of the box in images, its spread, raggedness from .. to, softness of the border from .. to.
CLASSES = {
    "nv": SkinClass(Style(0.50, 0.42, (0.0, 0.6), (0.12, 0.65)), structures.nevus),
    "mel": SkinClass(Style(0.58, 0.36, (0.35, 1.0), (0.08, 0.45)), structures.melanoma),
    "bkl": SkinClass(Style(0.56, 0.38, (0.1, 0.9), (0.04, 0.30)), structures.keratosis),
    "bcc": SkinClass(Style(0.54, 0.40, (0.1, 0.9), (0.15, 0.60)), structures.basal_cell),
    "akiec": SkinClass(Style(0.64, 0.28, (0.2, 1.0), (0.20, 0.65)), structures.actinic),
    "vasc": SkinClass(Style(0.37, 0.45, (0.0, 0.5), (0.04, 0.22)), structures.vascular),
    "df": SkinClass(Style(0.54, 0.35, (0.0, 0.5), (0.25, 0.65)), structures.fibroma),
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
        spread: factor on how far from the middle it may be.

    Raises:
        ValueError: for a size out of range.
    """
    check_size(size)
    rates = rates or {}
    kind = tuple(CLASSES.values())[label]
    # A generator for each part: what one part draws does not move the others.
    shape_rng, skin_rng, structure_rng, artefact_rng = streams(seed, train, index, label)
    lesion = outline(shape_rng, size, kind.style, lesion_size, spread)
    image = skin(skin_rng, size)
    stain(image[lesion.crop], kind.structure(lesion, structure_rng))
    mask = lesion.mask
    box = around(mask)
    shown = tuple(name for name in ARTEFACTS if artefact_rng.random() < rates.get(name, 0))
    for name in shown:
        ARTEFACTS[name](image, box / size, artefact_rng)
    light(image, skin_rng)
    # Below 97 px a pixel is wider than the lens blurs.
    if size > 96:
        image = gaussian_filter(image, (0.0028 * size, 0.0028 * size, 0), truncate=2.5)
    # The camera's noise belongs to the pixels, so it comes last.
    image = image + skin_rng.uniform(0.003, 0.009) * skin_rng.standard_normal(image.shape, np.float32)
    return Scene(eight_bits(image), mask, box[None], shown)


SKIN = Kind(
    name="synthetic-skin",
    title="Synthetic skin",
    class_names=SKIN_NAMES,
    counts=SKIN_COUNTS,
    artefacts={"ink": 0.03, "ruler": 0.15, "hair": 0.2, "bubbles": 0.08, "vignette": 0.12, "chart": 0.03},
    shortcut="ink",
    render=render_skin,
)
