"""Any image, any class: where the class gets its score from, and the channels that add up to its map."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from carekit import boxes
from carekit.backbones import Backbone
from carekit.cam import normalise
from carekit.data.prepared import Prepared
from carekit.explorers.channels import GRAD, LOSS, METHODS, class_index, look, measure, partial_map, sigma, words
from carekit.explorers.frame import Explorer, choice, packed, slider
from carekit.lessons import plots

MOST = 40  # images that are sent to the browser
BYTES = 4 * 2**20  # and what they may weigh: a large backbone's feature maps are heavier than its images


def explore_attention(
    model: Backbone,
    data: Prepared,
    rows: np.ndarray,
    *,
    image: int = 0,
    shown: str = "true",
    method: str = GRAD,
    threshold: float = 0.5,
    channels: int | None = None,
    opacity: float = 0.65,
) -> Explorer:
    """Show the explorer for images `rows` of the data; the first 40 are sent, fewer where they are heavy.

    image: an index into rows. shown: "true", "predicted" or a class. method: one of METHODS; a head that is not linear
    has no CAM. channels: how many are added, strongest first. The rest of the images is asked from the kernel. Raises
    ValueError for a choice that is not there.
    """
    rows = np.asarray(rows, dtype=np.int64)
    methods = METHODS if model.linear_head is not None else METHODS[1:]
    for name, value, known in (("shown", shown, ["true", "predicted", *data.classes]), ("method", method, methods)):
        if value not in known:
            raise ValueError(f"{name} = {value!r} is unknown: choose one of {', '.join(known)}")
    if not 0 <= image < len(rows):
        raise ValueError(f"image = {image} is not an index into the {len(rows)} rows: choose another")
    scene = _scene(model, data, rows)
    k = scene["shape"][0]
    channels = k if channels is None else channels
    if not 1 <= channels <= k:
        raise ValueError(f"channels = {channels} is out of range: choose 1 to {k}")
    defaults = {"image": image, "shown": shown, "method": method, "threshold": threshold, "channels": channels}
    explorer = Explorer(
        "attention",
        "Where a class gets its score from",
        _controls(len(rows), methods, data.classes, k),
        defaults | {"opacity": opacity},
        scene,
        presets=_presets(k),
        guess={"name": "inside", "label": "attention inside the box"},
        answer=lambda question: _answer(model, data, rows, question),
    )
    explorer.show(*_still(model, data, int(rows[image]), shown, method, threshold, channels))
    return explorer


def _controls(n: int, methods, classes: list[str], k: int) -> list[dict[str, Any]]:
    return [
        slider("image", "Image", 0, n - 1, 1),
        choice("shown", "Class", ["true", "predicted", *classes]),
        choice("method", "Map", methods),
        slider("threshold", "Threshold", 0.05, 0.95, 0.05),
        slider("channels", "Channels added", 1, k, 1),
        slider("opacity", "Opacity", 0.0, 1.0, 0.05),
    ]


def _presets(k: int) -> dict[str, dict[str, Any]]:
    return {
        "True class": {"shown": "true", "method": GRAD, "channels": k},
        "What it said": {"shown": "predicted", "method": GRAD, "channels": k},
        "The trap: map of the loss": {"shown": "true", "method": LOSS, "channels": k},
        "Only the strongest channel": {"method": GRAD, "channels": 1},
    }


def _scene(model: Backbone, data: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """What is sent: the first images, and of a linear head its weights σ_k once for all images."""
    one = look(model, data, rows[:1])[0]
    linear = model.linear_head is not None
    heavy = 3 * data.size**2 + one.features.nbytes + (0 if linear else one.weights.nbytes)
    sent = rows[: int(np.clip(BYTES // heavy, 1, MOST))]
    scene = {"size": data.size, "shape": list(one.features.shape), "classes": data.classes, "sent": len(sent)}
    scene["weights"] = packed(one.weights) if linear else None
    return scene | _items(model, data, sent)


def _items(model: Backbone, data: Prepared, rows: np.ndarray) -> dict[str, Any]:
    seen = look(model, data, rows)
    items = {
        "images": packed(data.read(rows)),
        "features": packed(np.stack([each.features for each in seen])),
        "logits": [each.logits.tolist() for each in seen],
        "boxes": [_boxes(data, i).tolist() for i in rows],
        "labels": data.labels[rows].tolist(),
        "names": [f"image {i}" for i in rows],
    }
    if model.linear_head is None:
        items["own"] = packed(np.stack([each.weights for each in seen]))
    return items


def _answer(model: Backbone, data: Prepared, rows: np.ndarray, question: dict) -> dict[str, Any]:
    image = question.get("image")
    if not isinstance(image, int) or not 0 <= image < len(rows):
        raise ValueError(f"image {image!r} is not among the {len(rows)} of this explorer: choose another")
    return {"image": image} | _items(model, data, rows[image : image + 1])


def _boxes(data: Prepared, row) -> np.ndarray:
    return boxes.check(data.boxes_of(row), (data.size, data.size), f"image {data.samples.image_id.iloc[row]}")


def _still(
    model: Backbone, data: Prepared, row: int, shown: str, method: str, threshold: float, channels: int
) -> tuple[Figure, str]:
    seen, drawn = look(model, data, [row])[0], _boxes(data, row)
    index = class_index(shown, data.classes, int(data.labels[row]), seen)
    weights = sigma(seen, index, method)
    numbers = measure(seen, boxes.rasterise(drawn, (data.size, data.size)), index, method, threshold, channels)
    about = f"Image {row}, class {data.classes[index]}, map {method}"
    figure, axes = plots.grid(2, size=3)
    pixels = data.read([row])[0]
    plots.draw_image(axes[0, 0], pixels, drawn, f"true: {data.classes[data.labels[row]]}")
    map_ = normalise(partial_map(seen, weights, method))[0].numpy()
    plots.draw_attention(axes[0, 1], pixels, map_, drawn, f"map of {data.classes[index]}")
    return figure, words(numbers, about, threshold, channels, len(weights))
