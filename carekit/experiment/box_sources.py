"""Where the boxes come from that an arm is trained with. What is judged is always measured against the true ones.

A source is a frozen dataclass, called with a data set and the rows that show boxes; it returns the boxes of each row,
float (k, 4) as in `carekit.method.boxes`, within the image.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float

from carekit.data.box_source import Boxes, BoxSource
from carekit.data.box_table import read_table
from carekit.data.prepared import Prepared
from carekit.data.prepared.schema import CORNERS
from carekit.ground.checksums import sha256
from carekit.ground.registry import Registry
from carekit.method import boxes


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
        jittered = {}
        for i in rows:
            true = data.checked_boxes(i)
            sides = np.tile(true[:, 2:] - true[:, :2], 2)  # (k, 2) -> (k, 4): width, height, width, height
            moved = true + rng.uniform(-self.amount, self.amount, true.shape) * sides
            jittered[i] = boxes.clip(moved, (data.size, data.size))
        return jittered


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


@dataclass(frozen=True)
class Outside(BoxSource):
    """Boxes of the true size that avoid the lesion: a control that is surely wrong.

    A box takes one of the places that share least with the true boxes of its image, at random; where the lesion leaves
    room, they share nothing. A random box overlaps the lesion by about half, since lesions fill much of an image.
    """

    seed: int = 0

    def __call__(self, data: Prepared, rows: Sequence[int]) -> Boxes:
        rng = np.random.default_rng(self.seed)
        return {i: self._placed(data.checked_boxes(i), data.size, rng) for i in rows}

    def _placed(self, true: Float[np.ndarray, "k 4"], size: int, rng: np.random.Generator) -> Float[np.ndarray, "k 4"]:
        lesion = boxes.rasterise(true, (size, size))
        # Sums over rectangles by an integral image: sums[y, x] is the area of the lesion above and left of (x, y).
        sums = np.pad(np.asarray(lesion, float).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        placed = []
        for x0, y0, x1, y1 in true:
            width, height = math.ceil(x1 - x0), math.ceil(y1 - y0)
            shared = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
            tops, lefts = np.nonzero(shared <= shared.min() + 1e-6)  # of all whole places (size - height + 1, ...)
            choice = rng.integers(len(tops))
            left, top = float(lefts[choice]), float(tops[choice])
            placed.append((left, top, left + (x1 - x0), top + (y1 - y0)))
        return np.array(placed)


@dataclass(frozen=True)
class FromTable(BoxSource):
    """The boxes that `python -m carekit boxes` has written, or that were drawn by hand into its table.

    Args:
        path: of the table.
        partly: an image without a line is left out, so that it has no box in training; otherwise it is refused.

    Raises:
        FileNotFoundError: where there is no such file.
    """

    path: str
    partly: bool = False
    checksum: str = field(init=False)  # so that a result is named by what the table holds

    def __post_init__(self) -> None:
        if not Path(self.path).is_file():
            raise FileNotFoundError(f"there is no table of boxes {self.path}: make it with `python -m carekit boxes`")
        object.__setattr__(self, "checksum", sha256(self.path))

    def __call__(self, data: Prepared, rows: Sequence[int]) -> Boxes:
        """The boxes of each of `rows`, in the pixels of `data`; a row in which nothing was found is left out.

        Raises ValueError for an image that the table does not have, unless `partly`.
        """
        table = read_table(self.path)
        groups = dict(iter(table.groupby("image_id")))
        found = {}
        for i in rows:
            name = data.samples.image_id.iloc[i]
            if name not in groups and self.partly:
                continue
            if name not in groups:
                raise ValueError(f"table {self.path} has no line for image {name}: make its boxes, too")
            lines = groups[name].dropna()
            if len(lines):
                corners = lines[CORNERS].to_numpy() * (data.size / lines["size"].to_numpy()[:, None])  # (k, 4)
                found[i] = boxes.check(corners, (data.size, data.size), f"image {name}")
        return found


BOX_SOURCES: Registry[type[BoxSource]] = Registry(
    "boxes",
    {
        "truth": Truth,
        "scaled": Scaled,
        "jittered": Jittered,
        "shuffled": Shuffled,
        "random": Random,
        "outside": Outside,
        "table": FromTable,
    },
)
