"""An image on its way through DSR: each stage's map, and what a threshold makes of it."""

from typing import SupportsIndex

import numpy as np
from jaxtyping import UInt8
from matplotlib.figure import Figure

from carekit.course.explorers import scene
from carekit.course.explorers.controls import choice, index, slider
from carekit.course.explorers.frame import Explorer, packed
from carekit.course.explorers.overlay import Boxes
from carekit.data.prepared import Prepared
from carekit.ground.messages import one_of
from carekit.material.autobox.components import Cut, large_components
from carekit.material.autobox.dsr import stages
from carekit.material.autobox.dsr.segments import paint
from carekit.material.autobox.frame import fill_frame, find_frame
from carekit.material.autobox.quality import compare
from carekit.research.figures import plots

MOST = 8  # images; each takes DSR half a second
SHOWN = 3  # the scale whose segments are shown: 200 of them
SMALLEST = 0.1  # of the largest component's area
STEPS = {
    "background": "1 segments at the border",
    "dense": "2 dense error",
    "sparse": "2 sparse error",
    "dense_spread": "3 dense, spread among segments",
    "sparse_spread": "3 sparse, spread among segments",
    "dense_pixels": "4 dense, all scales at pixels",
    "sparse_pixels": "4 sparse, all scales at pixels",
    "dense_centred": "5 dense, towards the object",
    "sparse_centred": "5 sparse, towards the object",
    "saliency": "6 both, by Bayes' rule",
}
PRESETS = {
    "The paper's": {"stage": "saliency", "threshold": 0.5},
    "Before Bayes' rule": {"stage": "dense_centred", "threshold": 0.5},
    "Before the object": {"stage": "dense_pixels", "threshold": 0.5},
}


# What is seen, in a sentence: a map may have no box, since nothing exceeds the threshold, or nearly everything.
CAPTION = (
    "{name}: {above:.3f} of the image exceeds {threshold:.2f}, {kept:.3f} is kept"
    "{?boxes > 0}; its box overlaps the true one by {iou:.3f}."
    "{:}. There is no box: nothing stands out, or everything.{/}"
)


def stage_maps(image: UInt8[np.ndarray, "s s 3"]) -> UInt8[np.ndarray, "10 s s"]:
    """The map of each of `STEPS`, 0 to 255, of an image whose frame is filled and counts as 0."""
    frame = find_frame(image)
    found = stages(fill_frame(image, frame))
    scale = found.scales[SHOWN]
    maps = {"background": paint(scale.background.astype(float), scale), "saliency": found.saliency}
    for name, errors in (("dense", found.dense), ("sparse", found.sparse)):
        maps[name] = paint(errors.raw[SHOWN], scale)
        maps[f"{name}_spread"] = paint(errors.spread[SHOWN], scale)
        maps[f"{name}_pixels"] = errors.pixels
        maps[f"{name}_centred"] = errors.centred
    shown = np.stack([maps[step] for step in STEPS])  # (10, s, s)
    return np.where(frame, 0, np.round(255 * shown)).astype(np.uint8)


def numbers(map_: UInt8[np.ndarray, "s s"], true: Boxes, size: int, threshold: float) -> dict[str, float]:
    """How much of the image exceeds the threshold, how much of it is kept, and the box's overlap with the true ones."""
    cut = Cut(threshold, SMALLEST)
    mask, drawn = cut.mask(map_ / 255), cut.box(map_ / 255)
    kept = large_components(mask, SMALLEST)
    overlap = compare(drawn, np.asarray(true, float).reshape(-1, 4), size)["iou"]
    return {"above": float(mask.mean()), "kept": float(kept.mean()), "boxes": len(drawn), "iou": overlap}


def explore_saliency(data: Prepared, rows: np.ndarray, *, stage: str = "saliency", threshold: float = 0.5) -> Explorer:
    """Show the explorer of DSR's stages.

    Args:
        data: where the images and their true boxes are.
        rows: numbers of images of `data` that have a box; the first 8 are sent.
        stage: a name of `STEPS`.
        threshold: what a map must exceed, in [0.05, 0.95].

    Raises:
        ValueError: where an image has no box, for an unknown stage, and for a threshold out of range.
    """
    rows = np.asarray(rows)[:MOST]
    scene.check_boxed(data, rows, "the overlap needs")
    one_of("stage", stage, STEPS)
    Cut(threshold)
    maps = np.stack([stage_maps(image) for image in data.read(rows)])  # (n, 10, s, s)
    sent = scene.sent(data, rows) | {"maps": packed(maps), "steps": list(STEPS), "smallest": SMALLEST}
    explorer = Explorer(
        "saliency",
        "An image on its way through DSR",
        CAPTION,
        [
            index("image", "Image", len(rows) - 1),
            choice("stage", "Stage", STEPS),
            slider("threshold", "Threshold", 0.05, 0.95, 0.01),
        ],
        {"image": 0, "stage": stage, "threshold": threshold},
        sent,
        presets=PRESETS,
        guess={"name": "iou", "label": "the overlap", "most": 1},
    )
    shown = maps[0, list(STEPS).index(stage)]
    values = {"name": scene.name_of(data, rows[0]), "threshold": threshold}
    values |= numbers(shown, sent["boxes"][0], data.size, threshold)
    explorer.show(still(data, rows[0], shown, threshold, STEPS[stage]), values)
    return explorer


def still(data: Prepared, row: SupportsIndex, map_: np.ndarray, threshold: float, title: str) -> Figure:
    """The image with the box of a map, the map, and what of it is above the threshold."""
    figure, axes = plots.grid(3, size=2.6)
    drawn = Cut(threshold, SMALLEST).box(map_ / 255)
    plots.draw_image(axes[0, 0], data.read([row])[0], drawn, f"the box above {threshold:g}")
    for panel, shown, text in ((axes[0, 1], map_ / 255, title), (axes[0, 2], map_ / 255 > threshold, "above it")):
        panel.imshow(shown, cmap=plots.MAP, vmin=0, vmax=1)
        panel.set_title(text, fontsize=9)
    return figure
