"""A contact sheet: some images of each class of one data set next to those of others, to compare by eye."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from carekit.data.prepared import Prepared
from carekit.ground import workspace
from carekit.material.drawing import KINDS, draw
from carekit.research.figures.plots import draw_image


def draw_sheet(
    names: Sequence[str], out: Path, size: int = 224, columns: int = 6, seed: int = 0, boxes: bool = False
) -> None:
    """Write a picture with a block of `columns` images a class for each data set: the names of drawn kinds or folders.

    A data set with the classes of the first one has them in the same rows, another one in its own order.
    Raises ValueError, or FileNotFoundError for a folder that is no prepared data set.
    """
    if columns < 1:
        raise ValueError(f"columns = {columns} is too small: choose at least 1")
    sets = [_open(name, size, columns, seed) for name in names]
    orders = [data.classes for data in sets]
    for block, data in enumerate(sets):
        if set(data.classes) == set(sets[0].classes):  # the same classes are in the same rows
            orders[block] = sets[0].classes
    tall, wide = max(map(len, orders)), (columns + 1) * len(sets) - 1  # a gap between two sets
    figure, axes = plt.subplots(
        tall, wide, figsize=(wide * 1.3 + 0.6, tall * 1.3 + 0.4), squeeze=False, layout="constrained"
    )
    for panel in axes.flat:
        panel.set(xticks=[], yticks=[], frame_on=False, aspect="equal")
    for block, (data, order) in enumerate(zip(sets, orders, strict=True)):
        first = block * (columns + 1)
        axes[0, first].set_title(data.facts["title"].split(":")[0], loc="left", fontsize=10, parse_math=False)
        for row, name in enumerate(order):
            axes[row, first].set_ylabel(name, fontsize=10, rotation=0, ha="right", va="center", parse_math=False)
            for panel, i in zip(axes[row, first:], _rows(data, name, columns, seed), strict=False):
                draw_image(panel, data.read([i])[0], data.boxes_of(i) if boxes else ())
    figure.savefig(out, dpi=150)
    plt.close(figure)


def _open(name: str, size: int, columns: int, seed: int) -> Prepared:
    if name in KINDS:
        counts = dict.fromkeys(KINDS[name].classes, columns)
        return draw(KINDS[name], seed, size, counts, dict.fromkeys(KINDS[name].classes, 1), shortcut=0.03)
    return Prepared.open(workspace.resolve(name))


def _rows(data: Prepared, name: str, columns: int, seed: int) -> np.ndarray:
    """Some rows of a class, no more than one of each group."""
    rows = np.flatnonzero(data.labels == data.classes.index(name))
    rows = np.random.default_rng(seed).permutation(rows)
    return rows[~data.samples.group.iloc[rows].duplicated().to_numpy()][:columns]
