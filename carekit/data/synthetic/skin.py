"""Dermoscopic images that never were: skin, a lesion of one of seven classes, artefacts, with mask and box."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, UInt8
from scipy.ndimage import gaussian_filter

from carekit.data.prepared import Prepared
from carekit.data.synthetic.artefacts import ARTEFACTS
from carekit.data.synthetic.canvas import blend, coordinates, noise, smooth_step
from carekit.data.synthetic.outline import Outline, outline
from carekit.data.synthetic.structures import STRUCTURES

CLASSES = ("nv", "mel", "bkl", "bcc", "akiec", "vasc", "df")
NAMES = (
    "melanocytic nevus",
    "melanoma",
    "benign keratosis",
    "basal cell carcinoma",
    "actinic keratosis",
    "vascular lesion",
    "dermatofibroma",
)
PAPER_COUNTS = dict(zip(CLASSES, (6705, 1113, 1099, 514, 327, 142, 115), strict=True))  # section 4.1
RARE = "df"
_TONES = np.array([[0.95, 0.80, 0.74], [0.90, 0.71, 0.62], [0.82, 0.60, 0.48], [0.68, 0.46, 0.34], [0.47, 0.31, 0.23]])


class Rendered(NamedTuple):
    """An image uint8 (s, s, 3), its lesion mask 0 or 1 (s, s), the tight box (x0, y0, x1, y1), and its artefacts."""

    image: UInt8[np.ndarray, "s s 3"]
    mask: UInt8[np.ndarray, "s s"]
    box: Float[np.ndarray, " 4"]
    artefacts: tuple[str, ...]


def render_skin(
    seed: int,
    index: int,
    label: int,
    size: int = 64,
    *,
    train: bool = True,
    shortcut: float = 0.0,
    shortcut_kind: str = "ink",
    elsewhere: float = 0.03,
    artefact_rate: float = 0.15,
) -> Rendered:
    """One image; the same arguments give the same bytes, another size the same scene.

    shortcut: the probability in [0, 1] that a training image of the rare class shows the artefact `shortcut_kind`;
    elsewhere: that of other classes' and of test images. artefact_rate: that of each other artefact in any image.
    Raises ValueError for a value out of range.
    """
    _check(size, shortcut_kind, shortcut=shortcut, elsewhere=elsewhere, artefact_rate=artefact_rate)
    shape_rng, skin_rng, structure_rng, artefact_rng = (
        np.random.default_rng([seed, train, index, label, part]) for part in range(4)
    )
    name = CLASSES[label]
    irregular = shape_rng.uniform(0.4, 1.0) if name == "mel" else shape_rng.uniform(0, 0.6)
    lesion = outline(shape_rng, size, irregular)
    image = _skin(skin_rng, size)
    _lesion(image, lesion, skin_rng)
    STRUCTURES[label](image, lesion, structure_rng)
    mask = (lesion.depth > 0).astype(np.uint8)
    box = _tight_box(mask)
    rates = dict.fromkeys(ARTEFACTS, artefact_rate)
    rates[shortcut_kind] = shortcut if train and name == RARE else elsewhere
    shown = tuple(kind for kind in ARTEFACTS if artefact_rng.random() < rates[kind])
    for kind in shown:
        ARTEFACTS[kind](image, box / size, artefact_rng)
    image = gaussian_filter(image, (0.004 * size, 0.004 * size, 0))
    image += skin_rng.normal(0, 0.012, image.shape)  # the camera's noise belongs to the pixels
    return Rendered((image.clip(0, 1) * 255).round().astype(np.uint8), mask, box, shown)


def _check(size: int, shortcut_kind: str, **shares: float) -> None:
    if not 32 <= size <= 512:
        raise ValueError(f"size = {size} is out of range: choose 32 to 512 pixels")
    for name, value in shares.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} = {value} is out of range: choose a share from 0 to 1")
    if shortcut_kind not in ARTEFACTS:
        raise ValueError(f"shortcut_kind = {shortcut_kind!r} is unknown: choose one of {', '.join(ARTEFACTS)}")


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


def scaled_counts(total: int, exponent: float = 0.75, floor: int = 4) -> dict[str, int]:
    """About `total` images, class c in proportion to n_c ** exponent of the paper's counts, at least `floor` each.

    An exponent of 1 keeps the paper's ratio of 58; 0.75 brings it to 21, so that a few hundred images teach something.
    """
    if total < 1:
        raise ValueError(f"total = {total} must be at least 1")
    shares = np.array(list(PAPER_COUNTS.values())) ** exponent
    counts = np.maximum(floor, np.round(total * shares / shares.sum())).astype(int)
    return dict(zip(CLASSES, counts.tolist(), strict=True))


def skin(
    seed: int = 0,
    size: int = 64,
    counts: dict[str, int] | None = None,
    test_counts: dict[str, int] | None = None,
    *,
    shortcut: float = 0.9,
    shortcut_kind: str = "ink",
    elsewhere: float = 0.03,
    artefact_rate: float = 0.15,
) -> Prepared:
    """A data set in memory: `counts` training images of each class (default: about 520) and `test_counts` (30 each).

    Raises ValueError for an unknown class, a count below 1, or what `render_skin` refuses.
    """
    options = {"shortcut": shortcut, "shortcut_kind": shortcut_kind}
    options |= {"elsewhere": elsewhere, "artefact_rate": artefact_rate}
    parts = {"train": counts or scaled_counts(520), "test": test_counts or dict.fromkeys(CLASSES, 30)}
    for name, count in [pair for part in parts.values() for pair in part.items()]:
        if name not in CLASSES:
            raise ValueError(f"class {name!r} is unknown: choose from {', '.join(CLASSES)}")
        if count < 1:
            raise ValueError(f"class {name} has the count {count}: give at least 1")
    plan = [
        (split, index, CLASSES.index(name))
        for split, part in parts.items()
        for index, name in enumerate(name for name, count in part.items() for _ in range(count))
    ]
    done = [render_skin(seed, i, label, size, train=split == "train", **options) for split, i, label in plan]
    ids = [f"{split}-{index:05d}" for split, index, _ in plan]
    samples = pd.DataFrame(
        {
            "image_id": ids,
            "label": [label for _, _, label in plan],
            "group": ids,
            "split": [split for split, _, _ in plan],
            "artefacts": [";".join(each.artefacts) for each in done],
        }
    )
    boxes = pd.DataFrame(np.stack([each.box for each in done]), columns=["x0", "y0", "x1", "y1"])
    boxes.insert(0, "image_id", ids)
    made_with = {"seed": seed, "counts": parts} | options
    return Prepared(
        np.stack([each.image for each in done]),
        samples,
        boxes,
        _facts(size, made_with),
        np.stack([each.mask for each in done]),
    )


def _facts(size: int, made_with: dict) -> dict:
    return {
        "name": "synthetic-skin",
        "title": "Synthetic skin",
        "classes": list(CLASSES),
        "class_names": list(NAMES),
        "rare": [RARE],
        "size": size,
        "licence": "MIT, made by carekit",
        "citation": "carekit, synthetic skin",
        "source": "carekit.data.synthetic",
        "split": "training and test images are drawn apart",
        "made_with": made_with,
    }
