"""Where the boxes come from that an arm is trained with. What is judged is always measured against the true ones.

A source is a frozen dataclass, called with a data set and the rows that show boxes; it returns the boxes of each row,
float (k, 4) as in `carekit.boxes`, within the image.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from carekit import boxes
from carekit.autobox.source import FromTable
from carekit.box_source import Boxes, BoxSource
from carekit.data.prepared import Prepared
from carekit.tables import Table


@dataclass(frozen=True)
class Truth(BoxSource):
    """The data set's own boxes."""

    def __call__(self, data: Prepared, rows: Sequence[int]) -> Boxes:
        return {i: data.checked_boxes(i) for i in rows}


@dataclass(frozen=True)
class Scaled(BoxSource):
    """The true boxes, their sides times `box_scale` in (0, 3] (paper, section 4.3.2)."""

    box_scale: float = 1.0

    def __post_init__(self) -> None:
        boxes.check_scale(self.box_scale)

    def __call__(self, data: Prepared, rows: Sequence[int]) -> Boxes:
        size = (data.size, data.size)
        return {i: boxes.scale(data.checked_boxes(i), self.box_scale, size) for i in rows}


@dataclass(frozen=True)
class Jittered(BoxSource):
    """The true boxes, each side moved at random by up to `amount` of the box's width or height, in [0, 0.5)."""

    amount: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.amount < 0.5:
            raise ValueError(f"amount = {self.amount} is out of range: choose 0 <= amount < 0.5 of a box's side")

    def __call__(self, data: Prepared, rows: Sequence[int]) -> Boxes:
        rng = np.random.default_rng(self.seed)
        return {i: self._moved(data.checked_boxes(i), data.size, rng) for i in rows}

    def _moved(self, true: Float[np.ndarray, "k 4"], size: int, rng: np.random.Generator) -> Float[np.ndarray, "k 4"]:
        sides = np.tile(true[:, 2:] - true[:, :2], 2)  # (k, 2) -> (k, 4): width, height, width, height
        moved = true + rng.uniform(-self.amount, self.amount, true.shape) * sides
        return boxes.clip(moved, (size, size))


@dataclass(frozen=True)
class Shuffled(BoxSource):
    """Each image gets the boxes of another one of the rows: what is left if only their usual place and size help."""

    seed: int = 0

    def __call__(self, data: Prepared, rows: Sequence[int]) -> Boxes:
        order = np.random.default_rng(self.seed).permutation(len(rows))
        owners = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))  # along one cycle: never its own
        return {i: data.checked_boxes(rows[owners[place]]) for place, i in enumerate(rows)}


@dataclass(frozen=True)
class Random(BoxSource):
    """Boxes of the true size anywhere in the image: what is left if only their size helps."""

    seed: int = 0

    def __call__(self, data: Prepared, rows: Sequence[int]) -> Boxes:
        rng = np.random.default_rng(self.seed)
        return {i: self._placed(data.checked_boxes(i), data.size, rng) for i in rows}

    def _placed(self, true: Float[np.ndarray, "k 4"], size: int, rng: np.random.Generator) -> Float[np.ndarray, "k 4"]:
        sides = true[:, 2:] - true[:, :2]  # (k, 4) -> (k, 2)
        corners = rng.uniform(0, size - sides)
        return np.concatenate([corners, corners + sides], axis=1)  # (k, 4)


BOX_SOURCES: Table[type[BoxSource]] = Table(
    "boxes",
    {
        "truth": Truth,
        "scaled": Scaled,
        "jittered": Jittered,
        "shuffled": Shuffled,
        "random": Random,
        "table": FromTable,
    },
)
