"""Boxes under the learner's fingers, and what they make of M_in and M_out; boxes drawn here can be trained on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure

from carekit.course.explorers import scene
from carekit.course.explorers.controls import choice, index, parameter, toggle
from carekit.course.explorers.frame import Explorer, packed
from carekit.course.explorers.overlay import Boxes, inside
from carekit.data.box_table import read_table, save_by_hand
from carekit.data.prepared import Prepared
from carekit.data.prepared.annotating import replace_boxes, save_boxes
from carekit.experiment import Arm
from carekit.experiment.box_sources import FromTable
from carekit.ground import workspace
from carekit.ground.messages import one_of
from carekit.method import boxes
from carekit.research.figures import plots

MOST = 40  # images that are sent to the browser, and
BYTES = 4 * 2**20  # what they may weigh; the rest is asked from the kernel
OUTER = {"binary": "binary", "distance": "by distance"}
PRESETS: dict[str, dict[str, Any]] = {
    f"Box × {scale:g}": {"box_scale": scale, "outer": "binary"} for scale in (0.7, 0.9, 1.0, 1.1)
}
PRESETS["By distance"] = {"box_scale": 1.0, "outer": "distance"}

Save = Callable[[Prepared, str, Any], Prepared]


CAPTION = (
    "{?boxes > 0}{name}, {boxes} box{?boxes > 1}es{/} at scale {box_scale:.2f}: {inside:.3f} of the image lies inside"
    "{?outer_sum > 0}, M_out {outer} sums to {outer_sum:.1f}.{:}. M_out is empty, so L_out counts as 0.{/}"
    "{?lift} Share of the map inside: {share:.3f} ({lift:.1f} × the box’s area).{/}"
    "{:}{name} has no box: it takes no part in the attention loss.{/}"
)


def masks(image_boxes: Boxes, size: int, box_scale: float, outer: str) -> tuple[np.ndarray, np.ndarray]:
    """M_in and M_out (s, s) of an image's boxes; outer is "binary" or "distance". M_out by distance needs a box."""
    checked = boxes.check(image_boxes, (size, size))
    m_in = boxes.rasterise(boxes.scale(checked, box_scale, (size, size)), (size, size))
    if not m_in.any() and outer != "binary":
        return m_in, np.full(m_in.shape, np.nan, np.float32)
    return m_in, boxes.outer_mask(torch.from_numpy(m_in)[None], outer)[0].numpy()


def numbers(
    image_boxes: Boxes,
    size: int,
    box_scale: float = 1.0,
    outer: str = "binary",
    map_: Float[np.ndarray, "u v"] | None = None,
) -> dict[str, float]:
    """The share of the image inside, the sum of M_out (NaN by distance without a box), the number of boxes, and with a
    map the share of it inside, and its lift."""
    m_in, m_out = masks(image_boxes, size, box_scale, outer)
    counted = {"inside": float(m_in.mean()), "outer_sum": float(m_out.sum(dtype=float)), "boxes": len(image_boxes)}
    if map_ is None:
        return counted
    share, lift = inside(map_, m_in)
    return counted | {"share": share, "lift": lift}


class MasksExplorer(Explorer):
    """An explorer that keeps the boxes drawn in it.

    `data` is the data set with them; `table` is the file that they are written to, as `python -m carekit boxes` writes
    one; `boxes` is that table as a source for an arm.
    """

    def __init__(self, data: Prepared, rows: np.ndarray, save: Save, table: Path, *args: Any, **options: Any):
        self.data, self.table, self._rows, self._save = data, table, rows, save
        super().__init__(*args, answer=self._answer_to, **options)

    @property
    def annotated(self) -> list[str]:
        """The explorer's images that have a line in the table."""
        return sorted(lines_of(self.table, self.data, self._rows))

    @property
    def boxes(self) -> FromTable:
        """The boxes that were saved, for `Arm(boxes=)`: an image that was not annotated shows none in training.

        Raises ValueError where nothing was saved.
        """
        if not self.annotated:
            raise ValueError("no box was saved yet: draw some, and press 'Save boxes'")
        return FromTable(str(self.table), partly=True)

    def arm(self, arm: Arm) -> Arm:
        """The arm with the boxes that were saved. Raises as `boxes`."""
        return replace(arm, boxes=self.boxes)

    def _answer_to(self, question: dict) -> dict[str, Any]:
        image = scene.asked_row(question, self._rows)
        row = self._rows[image]
        if question.get("do") == "image":
            return {"image": image, "pixels": packed(self.data.read([row]))}
        image_id = self.data.samples.image_id.iloc[row]
        try:
            drawn = np.asarray(question.get("boxes"), float).reshape(-1, 4)
        except (TypeError, ValueError):
            raise ValueError(f"the boxes of image {image_id} are not lists of four numbers: draw them again") from None
        checked = boxes.check(drawn, (self.data.size, self.data.size), f"image {image_id}")
        # The table is written last: where saving fails, neither it nor `data` has changed.
        changed = self._save(self.data, image_id, checked)
        try:
            save_by_hand(self.table, self.data, image_id, checked)
        except OSError as error:
            raise OSError(f"the table {self.table} cannot be written ({error.strerror}): make it writable") from None
        self.data = changed
        return {"image": image, "boxes": self.data.checked_boxes(row).tolist()}


def hand_table(data: Prepared) -> Path:
    """Where boxes drawn by hand go: boxes/hand.csv in the folder of the data, or a file of the runs, by the images."""
    if data.folder is not None:
        return data.folder / "boxes" / "hand.csv"
    return workspace.runs() / "boxes" / f"hand-{data.images_fingerprint()[:20]}.csv"


def lines_of(table: Path, data: Prepared, rows: np.ndarray) -> dict[str, np.ndarray]:
    """The boxes that a table has for some images, {image_id: (k, 4)}; nothing where there is no table."""
    if not table.is_file():
        return {}
    names = data.samples.image_id.iloc[rows]
    # An image of the table without a box was annotated, too: it has none.
    lines = {name: np.zeros((0, 4)) for name in set(read_table(table).image_id) & set(names)}
    of_rows = FromTable(str(table), partly=True)(data, rows.tolist())
    return lines | {data.samples.image_id.iloc[row]: drawn for row, drawn in of_rows.items()}


def explore_masks(
    data: Prepared,
    rows: int | np.integer | np.ndarray,
    maps: Float[np.ndarray, "n u v"] | None = None,
    *,
    box_scale: float = 1.0,
    outer: str = "binary",
    save: Save | None = None,
    table: str | Path | None = None,
) -> MasksExplorer:
    """Show the explorer of boxes, which can be moved, resized, added and removed, and of the masks they make.

    "Save boxes" writes those of the image into a table, as `python -m carekit boxes` does, which an arm can be trained
    on: `Arm(boxes=explorer.boxes)`. What the table has already is shown.

    Args:
        data: where the images and their boxes are.
        rows: the number of an image of `data`, or of several.
        maps: a map in [0, 1] of each, to be seen under the boxes with the share of it inside; None: the images alone.
        box_scale: a factor of the boxes' sides.
        outer: M_out, "binary" or "distance".
        save: what "Save boxes" does besides: save(data, image_id, boxes) -> Prepared. By default the boxes are put into
            the explorer's `data`; `save_boxes` also changes boxes.csv in the folder of the data, if it has one.
        table: the file of the table; by default boxes/hand.csv in the folder of the data, or a file among the runs.

    Returns:
        The explorer; its `boxes` are a source for an arm, its `data` is the data set with the boxes that were saved.

    Raises:
        ValueError: for no image, more or fewer maps than images, a scale or a kind of M_out that is not there, a bad
            box, and a file that is no table.
    """
    rows = np.atleast_1d(np.asarray(rows, dtype=np.int64))
    if not rows.size:
        raise ValueError("there is no image to draw boxes on: give the number of at least one")
    if maps is not None and len(maps) != len(rows):
        raise ValueError(f"{len(maps)} maps do not belong to {len(rows)} images: give one for each")
    one_of("outer", outer, OUTER)
    boxes.check_scale(box_scale)
    path = Path(table or hand_table(data))
    known = lines_of(path, data, rows)
    for image_id, drawn in known.items():
        data = replace_boxes(data, image_id, drawn)
    # As many images as weigh no more than BYTES, but one at least.
    first = rows[: int(np.clip(BYTES // (3 * data.size**2), 1, MOST))]
    image_ids, splits = data.samples.image_id.iloc[rows], data.samples.split.iloc[rows]
    # By what an image can be found again, and whether it is one to train on or to test with.
    files = [name if split in name else f"{name}, {split}" for name, split in zip(image_ids, splits, strict=True)]
    sent = scene.sent(data, first) | {
        "boxes": [data.checked_boxes(i).tolist() for i in rows],
        "names": [f"{scene.name_of(data, i)} ({file})" for i, file in zip(rows, files, strict=True)],
        "maps": None,
        "annotated": np.flatnonzero(image_ids.isin(list(known))).tolist(),
        "note": _note(data, save, path),
    }
    controls = [
        index("image", "Image", len(rows) - 1),
        parameter("box_scale", low=0.1, high=2.0),
        choice("outer", "M_out", OUTER),
    ]
    defaults = {"image": 0, "box_scale": box_scale, "outer": outer, "boxes": {}}
    guess = {"name": "inside", "label": "the share of the image inside", "most": 1}
    map_ = None
    if maps is not None:
        map_, sent["maps"], defaults["map"] = maps[0], packed(maps), True
        controls.insert(2, toggle("map", "Map under the boxes"))
        guess |= {"name": "share", "label": "the share of the map inside"}
    title = "Boxes, and the masks they make"
    on_save = save or replace_boxes
    explorer = MasksExplorer(
        data, rows, on_save, path, "masks", title, CAPTION, controls, defaults, sent, presets=PRESETS, guess=guess
    )
    drawn = data.checked_boxes(rows[0])
    values = {"name": scene.name_of(data, rows[0]), "box_scale": box_scale, "outer": OUTER[outer]}
    picture = still(data.read(rows[:1])[0], drawn, box_scale, outer, map_)
    explorer.show(picture, values | numbers(drawn, data.size, box_scale, outer, map_))
    return explorer


def _note(data: Prepared, save: Save | None, table: Path) -> str:
    note = f"Save writes them to the table {table.name}"
    if save is save_boxes and data.folder is not None:
        return f"{note} and to the folder {data.folder.name}."
    if save in (None, save_boxes):
        return f"{note}."
    return f"{note}, and hands them to the notebook's own function."


def still(image: np.ndarray, drawn: np.ndarray, box_scale: float, outer: str, map_: np.ndarray | None) -> Figure:
    """The image or its map with the boxes, and both masks."""
    figure, axes = plots.grid(3, size=2.6)
    size, title = len(image), f"box × {box_scale:g}"
    scaled = boxes.scale(drawn, box_scale, (size, size))
    if map_ is None:
        plots.draw_image(axes[0, 0], image, scaled, title)
    else:
        plots.draw_attention(axes[0, 0], image, map_, scaled, f"map, {title}")
    titles = ("M_in", f"M_out, {OUTER[outer]}")
    for panel, mask, title in zip(axes[0, 1:], masks(drawn, size, box_scale, outer), titles, strict=True):
        panel.imshow(mask, cmap=plots.MAP, vmin=0, vmax=max(1e-9, float(mask.max())))
        panel.set_title(title, fontsize=10)
    return figure
