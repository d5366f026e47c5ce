"""How often a box holds the mark that misleads: what a box of any kind tells the network to look at."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Bool

from carekit.data.batches import boxed_rows
from carekit.data.box_source import BoxSource
from carekit.method.boxes import rasterise
from carekit.research.setting.ink_pair import VISIBLE

if TYPE_CHECKING:
    from carekit.research.setting.setting import Setting


def marks_of_training(lesson: "Setting") -> dict[int, Bool[np.ndarray, "s s"]]:
    """Where the mark is on the boxed training images that show it, {row of lesson.train: mask}.

    Of drawn data: each image is drawn once more with nothing but the mark, and without it; of real ones the image is
    compared with what it was before the mark was planted. Raises ValueError for data without a mark that misleads.
    """
    if not lesson.misled:
        raise ValueError("the data have no mark that misleads, so none can lie in a box")
    found = _drawn_marks(lesson) if lesson.drawn else _planted_marks(lesson)
    return {row: mask for row, mask in found.items() if mask.any()}


def _differs(marked: np.ndarray, clean: np.ndarray) -> Bool[np.ndarray, "s s"]:
    return np.abs(marked.astype(int) - clean).max(2) > VISIBLE


def _drawn_marks(lesson: "Setting") -> dict[int, Bool[np.ndarray, "s s"]]:
    train = lesson.train
    row_of = {name: row for row, name in enumerate(train.samples.image_id)}
    boxed = set(boxed_rows(train))
    nothing = dict.fromkeys(set(lesson.kind.artefacts) - {lesson.mark}, 0.0)
    marked = lesson.recipe(rates=nothing)
    clean = lesson.recipe(rates=nothing | {lesson.mark: 0.0}, shortcut=0.0)
    found = {}
    for planned in marked.plan():
        row = row_of.get(f"{planned.split}-{planned.number:05d}")
        if planned.split == "train" and row in boxed:
            found[row] = _differs(marked(planned).image, clean(planned).image)
    return found


def _planted_marks(lesson: "Setting") -> dict[int, Bool[np.ndarray, "s s"]]:
    from carekit.research.setting.setting import load

    before = load({**lesson.parameters, "mark": ""}, lesson.profile).split("train")
    pairs = ((row, lesson.train.read([row])[0], before.read([row])[0]) for row in boxed_rows(lesson.train))
    return {row: _differs(marked, clean) for row, marked, clean in pairs}


def mark_in_boxes(lesson: "Setting", sources: Mapping[str, BoxSource]) -> pd.DataFrame:
    """How much of the mark the boxes of each source hold, on the training images that show it.

    Args:
        lesson: of data with a mark that misleads.
        sources: name -> source of boxes.

    Returns:
        A row a source: `images` with the mark and a box, on how many the box holds some of it (`touch`) and more than
        half of it (`hold`), and the mean `share` of the mark inside, in [0, 1].

    Raises:
        ValueError: as `marks_of_training`.
    """
    marks = marks_of_training(lesson)
    rows = boxed_rows(lesson.train)
    table = {}
    for name, source in sources.items():
        boxes = source(lesson.train, rows)
        shares = [_share(marks[row], boxes[row]) for row in marks if row in boxes]
        table[name] = {
            "images": len(shares),
            "touch": sum(share > 0 for share in shares),
            "hold": sum(share > 0.5 for share in shares),
            "share": float(np.mean(shares)) if shares else float("nan"),
        }
    return pd.DataFrame(table).T.astype({"images": int, "touch": int, "hold": int})


def _share(mark: Bool[np.ndarray, "s s"], boxes: np.ndarray) -> float:
    return float(mark[rasterise(boxes, mark.shape) > 0].sum() / mark.sum())
