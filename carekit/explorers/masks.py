"""Boxes under the learner's fingers, and what they make of M_in and M_out; boxes drawn here can be trained on."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from carekit import boxes
from carekit.data.prepared import Prepared
from carekit.data.prepared.annotating import replace_boxes, save_boxes
from carekit.explorers.frame import Explorer, choice, packed, slider
from carekit.lessons import plots

MOST = 24  # images that are sent to the browser
OUTER = {"binary": "binary", "by distance": "distance"}
PRESETS = {f"The paper's × {scale:g}": {"scale": scale} for scale in (0.7, 0.9, 1.0, 1.1)}
PRESETS["By distance"] = {"outer": "by distance"}


def masks(image_boxes, size: int, scale: float, outer: str) -> tuple[np.ndarray, np.ndarray]:
    """M_in and M_out (s, s) of an image's boxes; outer is "binary" or "by distance". M_out by distance needs a box."""
    checked = boxes.check(image_boxes, (size, size))
    m_in = boxes.rasterise(boxes.scale(checked, scale, (size, size)), (size, size))
    if not m_in.any() and outer != "binary":
        return m_in, np.full(m_in.shape, np.nan, np.float32)
    return m_in, boxes.outer_mask(torch.from_numpy(m_in)[None], OUTER[outer])[0].numpy()


def measure(image_boxes, size: int, scale: float = 1.0, outer: str = "binary") -> dict[str, float]:
    """The share of the image inside, the sum of M_out (NaN by distance without a box), and the number of boxes."""
    m_in, m_out = masks(image_boxes, size, scale, outer)
    return {"inside": float(m_in.mean()), "outer_sum": float(m_out.sum(dtype=float)), "boxes": len(image_boxes)}


def words(numbers: dict[str, float], name: str, scale: float, outer: str) -> str:
    """The numbers in sentences."""
    count = int(numbers["boxes"])
    if not count:
        return f"{name} has no box: it takes no part in the attention loss."
    start = f"{name}, {count} box{'es' if count > 1 else ''} at scale {scale:.2f}: {numbers['inside']:.3f} of the image"
    if not numbers["outer_sum"]:
        return f"{start} lies inside. M_out is empty, so L_out counts as 0."
    return f"{start} lies inside, M_out {outer} sums to {numbers['outer_sum']:.1f}."


def explore_masks(
    data: Prepared,
    rows: int | np.integer | np.ndarray,
    *,
    scale: float = 1.0,
    outer: str = "binary",
    save: Callable[[Prepared, str, Any], Prepared] | None = None,
) -> Explorer:
    """Show the explorer for image(s) `rows` of the data; the first 24 are sent. Returns it, with an attribute `data`.

    Boxes can be moved, resized, added and removed; "Save boxes" puts those of the image into the explorer's `data`,
    a Prepared, by save(data, image_id, boxes) -> Prepared. By default no file is touched; save=save_boxes also writes
    to the folder of the data, if it has one. Raises ValueError for no image, a scale or a kind of M_out that is not
    there, and a bad box.
    """
    rows = np.atleast_1d(np.asarray(rows, dtype=np.int64))[:MOST]
    if not rows.size:
        raise ValueError("there is no image to draw boxes on: give the number of at least one")
    if outer not in OUTER:
        raise ValueError(f"outer = {outer!r} is unknown: choose 'binary' or 'by distance'")
    boxes.check_scale(scale)
    explorer = Explorer(
        "masks",
        "Boxes, and the masks they make",
        [
            slider("image", "Image", 0, len(rows) - 1, 1),
            slider("scale", "Box scale", 0.1, 2.0, 0.05, "box_scale"),
            choice("outer", "M_out", list(OUTER)),
        ],
        {"image": 0, "scale": scale, "outer": outer, "boxes": {}},
        _scene(data, rows, save),
        presets=PRESETS,
        guess={"name": "inside", "label": "the share of the image inside"},
        answer=lambda question: _answer(explorer, rows, save or replace_boxes, question),
    )
    explorer.data = data
    explorer.show(*_still(data, int(rows[0]), scale, outer))
    return explorer


def _scene(data: Prepared, rows: np.ndarray, save: Callable | None) -> dict[str, Any]:
    note = "Save hands them to the notebook's own function."
    if save is None or (save is save_boxes and data.folder is None):
        note = "Save keeps them in the explorer's data; files stay as they are."
    elif save is save_boxes:
        note = f"Save writes them to the folder {data.folder.name}."
    return {
        "size": data.size,
        "images": packed(data.read(rows)),
        "boxes": [_boxes(data, i).tolist() for i in rows],
        "names": [f"{data.classes[data.labels[i]]}, image {i}" for i in rows],
        "note": note,
    }


def _boxes(data: Prepared, row) -> np.ndarray:
    return boxes.check(data.boxes_of(row), (data.size, data.size), f"image {data.samples.image_id.iloc[row]}")


def _answer(explorer: Explorer, rows: np.ndarray, save: Callable, question: dict) -> dict[str, Any]:
    image, data = question.get("image"), explorer.data
    if not isinstance(image, int) or not 0 <= image < len(rows):
        raise ValueError(f"image {image!r} is not among the {len(rows)} of this explorer: choose another")
    image_id = data.samples.image_id.iloc[rows[image]]
    try:
        drawn = np.asarray(question.get("boxes"), float).reshape(-1, 4)
    except (TypeError, ValueError):
        raise ValueError(f"the boxes of image {image_id} are not lists of four numbers: draw them again") from None
    explorer.data = save(data, image_id, boxes.check(drawn, (data.size, data.size), f"image {image_id}"))
    return {"image": image, "boxes": _boxes(explorer.data, rows[image]).tolist()}


def _still(data: Prepared, row: int, scale: float, outer: str) -> tuple[Figure, str]:
    drawn, size = _boxes(data, row), (data.size, data.size)
    m_in, m_out = masks(drawn, data.size, scale, outer)
    figure, axes = plots.grid(3, size=2.6)
    plots.draw_image(axes[0, 0], data.read([row])[0], boxes.scale(drawn, scale, size), f"box × {scale:g}")
    for place, mask, title in ((axes[0, 1], m_in, "M_in"), (axes[0, 2], m_out, f"M_out, {outer}")):
        place.imshow(mask, cmap=plots.MAP, vmin=0, vmax=max(1e-9, float(mask.max())))
        place.set_title(title, fontsize=10)
    name = f"{data.classes[data.labels[row]]}, image {row}"
    return figure, words(measure(drawn, data.size, scale, outer), name, scale, outer)
