"""Any image, any class: where the class gets its score from, and the channels that add up to its map."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from carekit.course.explorers import scene
from carekit.course.explorers.cam.numbers import (
    GRAD_CAM,
    LOSS,
    class_index,
    look,
    measure,
    methods_of,
    whole_map,
    words,
)
from carekit.course.explorers.controls import Control, choice, index, slider
from carekit.course.explorers.frame import Explorer, packed
from carekit.data.prepared import Prepared
from carekit.ground.messages import one_of
from carekit.method import boxes
from carekit.method.cam import normalise
from carekit.networks import Backbone, at_layer
from carekit.research.figures import plots

MOST = 40  # images that are sent to the browser
BYTES = 4 * 2**20  # and what they may weigh: a large backbone's feature maps are heavier than its images


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
    model = at_layer(model, layer) if layer else model
    rows = np.asarray(rows, dtype=np.int64)
    methods = methods_of(model)
    one_of("shown", shown, ["true", "predicted", *data.classes])
    one_of("method", method, methods)
    if not 0 <= image < len(rows):
        raise ValueError(f"image = {image} is not an index into the {len(rows)} rows: choose another")
    sent = _scene(model, data, rows)
    k = sent["shape"][0]
    channels = k if channels is None else channels
    if not 1 <= channels <= k:
        raise ValueError(f"channels = {channels} is out of range: choose 1 to {k}")
    defaults = {"image": image, "shown": shown, "method": method, "threshold": threshold, "channels": channels}
    explorer = Explorer(
        "cam",
        "Where a class gets its score from",
        _controls(len(rows), methods, data.classes, k),
        defaults | {"opacity": opacity},
        sent,
        presets=_presets(k),
        guess={"name": "inside", "label": "the share of attention inside the box", "most": 1},
        answer=lambda question: _answer(model, data, rows, question),
    )
    explorer.show(*_still(model, data, int(rows[image]), shown, method, threshold, channels))
    return explorer


def _controls(n: int, methods: dict[str, str], classes: list[str], k: int) -> list[Control]:
    shown = ["true", "predicted", *classes]
    return [
        index("image", "Image", n - 1),
        choice("shown", "Class", dict(zip(shown, shown, strict=True))),
        choice("method", "Map", methods),
        slider("threshold", "Threshold", 0.05, 0.95, 0.05),
        slider("channels", "Channels added", 1, k, 1),
        slider("opacity", "Opacity", 0.0, 1.0, 0.05),
    ]


def _presets(k: int) -> dict[str, dict[str, Any]]:
    return {
        "True class": {"shown": "true", "method": GRAD_CAM, "channels": k},
        "What it said": {"shown": "predicted", "method": GRAD_CAM, "channels": k},
        "The trap: map of the loss": {"shown": "true", "method": LOSS, "channels": k},
        "Only the strongest channel": {"method": GRAD_CAM, "channels": 1},
    }


def _scene(model: Backbone, data: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """What is sent: the first images, and of a linear head its weights σ_k once for all images."""
    one = look(model, data, rows[:1])[0]
    linear = model.linear_head is not None
    heavy = 3 * data.size**2 + one.features.nbytes + sum(map_.nbytes for map_ in one.maps.values())
    heavy += 0 if linear else one.weights.nbytes
    first = rows[: int(np.clip(BYTES // heavy, 1, MOST))]
    whole = {"shape": list(one.features.shape), "classes": data.classes, "sent": len(first)}
    whole["weights"] = packed(one.weights) if linear else None
    return whole | _items(model, data, first)


def _items(model: Backbone, data: Prepared, rows: np.ndarray) -> dict[str, Any]:
    seen = look(model, data, rows)
    items = scene.sent(data, rows) | {
        "features": packed(np.stack([each.features for each in seen])),
        "logits": [each.logits.tolist() for each in seen],
        "labels": data.labels[rows].tolist(),
        "names": [f"image {i}" for i in rows],  # its class is told beside what was said
        "maps": {method: packed(np.stack([each.maps[method] for each in seen])) for method in seen[0].maps},
    }
    if model.linear_head is None:
        items["own"] = packed(np.stack([each.weights for each in seen]))
    return items


def _answer(model: Backbone, data: Prepared, rows: np.ndarray, question: dict) -> dict[str, Any]:
    image = scene.asked_row(question, rows)
    return {"image": image} | _items(model, data, rows[image : image + 1])


def _still(
    model: Backbone, data: Prepared, row: int, shown: str, method: str, threshold: float, channels: int
) -> tuple[Figure, str]:
    seen, drawn = look(model, data, [row])[0], data.checked_boxes(row)
    index = class_index(shown, data.classes, int(data.labels[row]), seen)
    numbers = measure(seen, boxes.rasterise(drawn, (data.size, data.size)), index, method, threshold, channels)
    about = f"Image {row}, class {data.classes[index]}, map {methods_of(model)[method]}"
    figure, axes = plots.grid(2, size=3)
    pixels = data.read([row])[0]
    plots.draw_image(axes[0, 0], pixels, drawn, f"true: {data.classes[data.labels[row]]}")
    map_ = normalise(whole_map(seen, index, method))[0].numpy()
    plots.draw_attention(axes[0, 1], pixels, map_, drawn, f"map of {data.classes[index]}")
    return figure, words(numbers, about, threshold, channels, len(seen.features))
