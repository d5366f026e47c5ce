"""Any image, any class: where the class gets its score from, and the channels that add up to its map."""

from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from carekit.course.explorers import scene
from carekit.course.explorers.cam.numbers import GRAD_CAM, LOSS, forward_pass, methods_of, normalised_map
from carekit.course.explorers.controls import choice, index, slider
from carekit.course.explorers.frame import Explorer, packed
from carekit.course.explorers.overlay import inside, mask_of
from carekit.data.prepared import Prepared
from carekit.ground.messages import one_of
from carekit.method.cam import resize
from carekit.networks import Backbone, at_layer
from carekit.research.figures import plots

MOST = 40  # images that are sent to the browser
BYTES = 4 * 2**20  # and what they may weigh: a large backbone's feature maps are heavier than its images
# The browser adds what the channels make of the map, {of} in all; a still shows the whole map.
CAPTION = (
    "{name}, class {label}, map {method}: probability {probability:.2f}. {?row}{?uniform}Share of attention inside the "
    "box {inside:.2f}, without preference {uniform:.2f}{:}This image has no box{/}; brightest at row {row}, column "
    "{column} of the map; {above:.3f} of the image is above {threshold:.2f}.{?of} {?contribution}{channels} of {of} "
    "channels make {contribution:.2f} of it{?correlation} and correlate {correlation:.3f} with it{/}.{:}This map is "
    "not a sum of channels, so none can be left out.{/}{/}{?score_map < 0.9995} Correlation with the map of the "
    "score: {score_map:.3f}.{/}{:}The map is constant: it shows nothing.{/}"
)


def explore_cam(
    model: Backbone,
    data: Prepared,
    rows: np.ndarray,
    *,
    image: int = 0,
    shown: str = "true",
    method: str = GRAD_CAM,
    layer: str = "",
    threshold: float = 0.5,
    channels: int | None = None,
    opacity: float = 0.85,
) -> Explorer:
    """Show the explorer of a model's class activation maps.

    Args:
        model: maps are made in evaluation mode; it stays as it is.
        data: where the images are.
        rows: numbers of images of `data`. The first 40 are sent, fewer where they are heavy; the rest is asked from
            the kernel.
        image: an index into `rows`.
        shown: "true", "predicted" or a class.
        method: a name in `numbers.methods_of(model)`; a head that is not linear has no "cam".
        layer: a layer of the model's trunk, by name, whose maps are shown; by default its last.
        threshold: in [0, 1], of the contour.
        channels: how many are added, strongest first; None for all.
        opacity: in [0, 1], of the map over the image.

    Raises:
        ValueError: for a choice that is not there.
    """
    if layer:
        model = at_layer(model, layer)
    rows = np.asarray(rows, dtype=np.int64)
    methods = methods_of(model)
    one_of("shown", shown, ["true", "predicted", *data.classes])
    one_of("method", method, methods)
    if not 0 <= image < len(rows):
        raise ValueError(f"image = {image} is not an index into the {len(rows)} rows: choose another")
    sent = _scene(model, data, rows)
    k = sent["shape"][0]
    if channels is None:
        channels = k
    if not 1 <= channels <= k:
        raise ValueError(f"channels = {channels} is out of range: choose 1 to {k}")
    defaults = {"image": image, "shown": shown, "method": method, "threshold": threshold, "channels": channels}

    def answer(question: dict) -> dict[str, Any]:
        asked = scene.asked_row(question, rows)
        return {"image": asked} | _items(model, data, rows[asked : asked + 1])

    explorer = Explorer(
        "cam",
        "Where a class gets its score from",
        CAPTION,
        [
            index("image", "Image", len(rows) - 1),
            choice("shown", "Class", {key: key for key in ("true", "predicted", *data.classes)}),
            choice("method", "Map", methods),
            slider("threshold", "Threshold", 0.05, 0.95, 0.05),
            slider("channels", "Channels added", 1, k, 1),
            slider("opacity", "Opacity", 0.0, 1.0, 0.05),
        ],
        defaults | {"opacity": opacity},
        sent,
        presets={
            "True class": {"shown": "true", "method": GRAD_CAM, "channels": k},
            "What it said": {"shown": "predicted", "method": GRAD_CAM, "channels": k},
            "The trap: map of the loss": {"shown": "true", "method": LOSS, "channels": k},
            "Only the strongest channel": {"method": GRAD_CAM, "channels": 1},
        },
        guess={"name": "inside", "label": "the share of attention inside the box", "most": 1},
        answer=answer,
    )
    explorer.show(*still(model, data, int(rows[image]), shown, method, threshold))
    return explorer


def _scene(model: Backbone, data: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """What is sent: the first images, and of a linear head its weights σ_k once for all images."""
    one = forward_pass(model, data, rows[:1])[0]
    heavy = 3 * data.size**2 + one.features.nbytes + sum(map_.nbytes for map_ in one.maps.values())
    whole: dict[str, Any] = {"shape": list(one.features.shape), "classes": data.classes, "weights": None}
    if model.linear_head is None:
        heavy += one.weights.nbytes
    else:
        whole["weights"] = packed(one.weights)
    # As many images as weigh no more than BYTES, but one at least.
    first = rows[: int(np.clip(BYTES // heavy, 1, MOST))]
    return whole | {"sent": len(first)} | _items(model, data, first)


def _items(model: Backbone, data: Prepared, rows: np.ndarray) -> dict[str, Any]:
    images = forward_pass(model, data, rows)
    items = scene.sent(data, rows) | {
        "features": packed(np.stack([image.features for image in images])),
        "logits": [image.logits.tolist() for image in images],
        "labels": data.labels[rows].tolist(),
        "names": [f"image {i}" for i in rows],  # its class is shown next to what the model says
    }
    # Raw maps only of the methods whose channels the browser cannot add up.
    items["maps"] = {}
    for key in images[0].maps:
        items["maps"][key] = packed(np.stack([image.maps[key] for image in images]))
    if model.linear_head is None:
        items["own"] = packed(np.stack([image.weights for image in images]))
    return items


def still(
    model: Backbone, data: Prepared, row: int, shown: str, method: str, threshold: float
) -> tuple[Figure, dict[str, Any]]:
    """(the image next to its map, what the caption holds of them)."""
    drawn, pixels = data.checked_boxes(row), data.read([row])[0]
    label, probability, map_ = normalised_map(model, data, row, shown, method)
    figure, axes = plots.grid(2, size=3)
    plots.draw_image(axes[0, 0], pixels, drawn, f"true: {data.classes[data.labels[row]]}")
    plots.draw_attention(axes[0, 1], pixels, map_, drawn, f"map of {data.classes[label]}")
    values: dict[str, Any] = {"name": f"Image {row}", "label": data.classes[label]}
    values |= {"method": methods_of(model)[method]}
    values |= {"probability": probability, "threshold": threshold}
    # A constant map is normalised to zeros: it has no peak and no share to report.
    if not map_.any():
        return figure, values
    m_in = mask_of(drawn, data.size)
    share, _ = inside(map_, m_in)
    large = resize(torch.from_numpy(map_)[None], m_in.shape)
    row_of_peak, column = np.unravel_index(map_.argmax(), map_.shape)
    values |= {"inside": share, "uniform": float(m_in.mean()) or None, "row": row_of_peak, "column": column}
    return figure, values | {"above": (large >= threshold).float().mean().item()}
