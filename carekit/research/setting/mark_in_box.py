"""Where the mark that misleads is on the training images: to count which boxes hold it."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, UInt8

from carekit.data.batches import boxed_rows
from carekit.research.setting.ink_pair import VISIBLE

if TYPE_CHECKING:
    from carekit.research.setting.setting import Setting

Mask = Bool[np.ndarray, "s s"]


def marks_of_training(lesson: "Setting") -> dict[int, Mask]:
    """Where the mark is on the boxed training images that show it, {row of lesson.train: mask}.

    Of drawn data: each image is drawn once more with nothing but the mark, and without it. Of real ones: the image is
    compared with what it was before the mark was planted. Raises ValueError for data without a mark that misleads.
    """
    if not lesson.misled:
        raise ValueError("the data have no mark that misleads, so there is none in a box")
    if lesson.drawn:
        masks = _drawn_marks(lesson)
    else:
        from carekit.research.setting.setting import load

        before = load({**lesson.parameters, "mark": ""}, lesson.profile).split("train")
        rows = boxed_rows(lesson.train)
        images = zip(lesson.train.read(rows), before.read(rows), strict=True)
        masks = dict(zip(rows, [_difference(marked, clean) for marked, clean in images], strict=True))
    return {row: mask for row, mask in masks.items() if mask.any()}


def _drawn_marks(lesson: "Setting") -> dict[int, Mask]:
    train = lesson.train
    row_of = {name: row for row, name in enumerate(train.samples.image_id)}
    boxed = set(boxed_rows(train))
    nothing = dict.fromkeys(set(lesson.kind.artefacts) - {lesson.mark}, 0.0)
    marked = lesson.recipe(rates=nothing)
    clean = lesson.recipe(rates=nothing | {lesson.mark: 0.0}, shortcut=0.0)
    masks = {}
    for planned in marked.plan():
        row = row_of.get(f"{planned.split}-{planned.number:05d}")
        if planned.split == "train" and row in boxed:
            masks[row] = _difference(marked(planned).image, clean(planned).image)
    return masks


def _difference(marked: UInt8[np.ndarray, "s s 3"], clean: UInt8[np.ndarray, "s s 3"]) -> Mask:
    return np.abs(marked.astype(int) - clean).max(2) > VISIBLE
