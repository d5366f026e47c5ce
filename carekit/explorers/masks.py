"""Boxes under the learner's fingers, and what they make of M_in and M_out; boxes drawn here can be trained on."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from carekit import boxes
from carekit.data.prepared import Prepared
from carekit.data.prepared.annotating import replace_boxes, save_boxes
from carekit.explorers import scene
from carekit.explorers.controls import choice, index, parameter
from carekit.explorers.frame import Explorer
from carekit.explorers.overlay import Boxes
from carekit.lessons import plots
from carekit.names import one_of

MOST = 24  # images that are sent to the browser
OUTER = {"binary": "binary", "distance": "by distance"}
PRESETS: dict[str, dict[str, Any]] = {
    f"Box × {scale:g}": {"box_scale": scale, "outer": "binary"} for scale in (0.7, 0.9, 1.0, 1.1)
}
PRESETS["By distance"] = {"box_scale": 1.0, "outer": "distance"}

Save = Callable[[Prepared, str, Any], Prepared]


def masks(image_boxes: Boxes, size: int, box_scale: float, outer: str) -> tuple[np.ndarray, np.ndarray]:
    """M_in and M_out (s, s) of an image's boxes; outer is "binary" or "distance". M_out by distance needs a box."""
    checked = boxes.check(image_boxes, (size, size))
    m_in = boxes.rasterise(boxes.scale(checked, box_scale, (size, size)), (size, size))
    if not m_in.any() and outer != "binary":
        return m_in, np.full(m_in.shape, np.nan, np.float32)
    return m_in, boxes.outer_mask(torch.from_numpy(m_in)[None], outer)[0].numpy()


def measure(image_boxes: Boxes, size: int, box_scale: float = 1.0, outer: str = "binary") -> dict[str, float]:
    """The share of the image inside, the sum of M_out (NaN by distance without a box), and the number of boxes."""
    m_in, m_out = masks(image_boxes, size, box_scale, outer)
    return {"inside": float(m_in.mean()), "outer_sum": float(m_out.sum(dtype=float)), "boxes": len(image_boxes)}


def words(numbers: dict[str, float], name: str, box_scale: float, outer: str) -> str:
    """The numbers in sentences."""
    count = int(numbers["boxes"])
    if not count:
        return f"{name} has no box: it takes no part in the attention loss."
    plural = "es" if count > 1 else ""
    start = f"{name}, {count} box{plural} at scale {box_scale:.2f}: {numbers['inside']:.3f} of the image"
    if not numbers["outer_sum"]:
        return f"{start} lies inside. M_out is empty, so L_out counts as 0."
    return f"{start} lies inside, M_out {OUTER[outer]} sums to {numbers['outer_sum']:.1f}."


class MasksExplorer(Explorer):
    """An explorer that keeps the boxes drawn in it: `data` is the data set with them."""

    def __init__(self, data: Prepared, rows: np.ndarray, save: Save, *args: Any, **options: Any):
        self.data, self._rows, self._save = data, rows, save
        super().__init__(*args, answer=self._save_boxes, **options)

    def _save_boxes(self, question: dict) -> dict[str, Any]:
        image, data = scene.asked_row(question, self._rows), self.data
        image_id = data.samples.image_id.iloc[self._rows[image]]
        try:
            drawn = np.asarray(question.get("boxes"), float).reshape(-1, 4)
        except (TypeError, ValueError):
            raise ValueError(f"the boxes of image {image_id} are not lists of four numbers: draw them again") from None
        self.data = self._save(data, image_id, boxes.check(drawn, (data.size, data.size), f"image {image_id}"))
        return {"image": image, "boxes": self.data.checked_boxes(self._rows[image]).tolist()}


def explore_masks(
    data: Prepared,
    rows: int | np.integer | np.ndarray,
    *,
    box_scale: float = 1.0,
    outer: str = "binary",
    save: Save | None = None,
) -> MasksExplorer:
    """Show the explorer of boxes, which can be moved, resized, added and removed, and of the masks they make.

    Args:
        data: where the images and their boxes are.
        rows: the number of an image of `data`, or of several; the first 24 are sent.
        box_scale: a factor of the boxes' sides.
        outer: M_out, "binary" or "distance".
        save: what "Save boxes" does with those of an image: save(data, image_id, boxes) -> Prepared. By default no
            file is touched; `save_boxes` also writes to the folder of the data, if it has one.

    Returns:
        The explorer; its attribute `data` is the data set with the boxes that were saved.

    Raises:
        ValueError: for no image, a scale or a kind of M_out that is not there, and a bad box.
    """
    rows = np.atleast_1d(np.asarray(rows, dtype=np.int64))[:MOST]
    if not rows.size:
        raise ValueError("there is no image to draw boxes on: give the number of at least one")
    one_of("outer", outer, OUTER)
    boxes.check_scale(box_scale)
    explorer = MasksExplorer(
        data,
        rows,
        save or replace_boxes,
        "masks",
        "Boxes, and the masks they make",
        [
            index("image", "Image", len(rows) - 1),
            parameter("box_scale", low=0.1, high=2.0),
            choice("outer", "M_out", OUTER),
        ],
        {"image": 0, "box_scale": box_scale, "outer": outer, "boxes": {}},
        scene.sent(data, rows) | {"note": _note(data, save)},
        presets=PRESETS,
        guess={"name": "inside", "label": "the share of the image inside"},
    )
    explorer.show(*_still(data, int(rows[0]), box_scale, outer))
    return explorer


def _note(data: Prepared, save: Save | None) -> str:
    if save not in (None, save_boxes):
        return "Save hands them to the notebook's own function."
    if save is save_boxes and data.folder is not None:
        return f"Save writes them to the folder {data.folder.name}."
    return "Save keeps them in the explorer's data; files stay as they are."


def _still(data: Prepared, row: int, box_scale: float, outer: str) -> tuple[Figure, str]:
    drawn, size = data.checked_boxes(row), (data.size, data.size)
    m_in, m_out = masks(drawn, data.size, box_scale, outer)
    figure, axes = plots.grid(3, size=2.6)
    plots.draw_image(axes[0, 0], data.read([row])[0], boxes.scale(drawn, box_scale, size), f"box × {box_scale:g}")
    for place, mask, title in ((axes[0, 1], m_in, "M_in"), (axes[0, 2], m_out, f"M_out, {OUTER[outer]}")):
        place.imshow(mask, cmap=plots.MAP, vmin=0, vmax=max(1e-9, float(mask.max())))
        place.set_title(title, fontsize=10)
    numbers = measure(drawn, data.size, box_scale, outer)
    return figure, words(numbers, scene.name_of(data, row), box_scale, outer)
