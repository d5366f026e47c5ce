"""A table of boxes as what an arm trains on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float

from carekit import boxes as geometry
from carekit.autobox.lines import read_table
from carekit.box_source import BoxSource
from carekit.data.checksums import sha256
from carekit.data.prepared import Prepared
from carekit.data.prepared.schema import CORNERS


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

    def __call__(self, data: Prepared, rows: Sequence[int]) -> dict[int, Float[np.ndarray, "k 4"]]:
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
            boxes = groups[name].dropna()
            if len(boxes):
                corners = boxes[CORNERS].to_numpy() * (data.size / boxes["size"].to_numpy()[:, None])  # (k, 4)
                found[i] = geometry.check(corners, (data.size, data.size), f"image {name}")
        return found
