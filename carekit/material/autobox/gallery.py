"""A picture of many images with their true boxes and those that methods have found, from the best to the worst."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from carekit.data.prepared import Prepared
from carekit.material.autobox.finder import Boxes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Colour and line of the true boxes, then of each method's.
STYLES = (("white", "-"), ("#ff7f0e", "-"), ("#56b4e9", "--"), ("#f0e442", "-."), ("#cc79a7", ":"))
COLUMNS = 6


def draw_gallery(
    path: str | Path,
    data: Prepared,
    found: Mapping[str, Mapping[int, Boxes]],
    rows: Sequence[int],
    captions: Sequence[str],
) -> None:
    """Write the picture of `gallery`."""
    import matplotlib.pyplot as plt  # here: it comes with the course, and boxes are found without it

    figure = gallery(data, found, rows, captions)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def gallery(
    data: Prepared, found: Mapping[str, Mapping[int, Boxes]], rows: Sequence[int], captions: Sequence[str]
) -> "Figure":
    """The images at `rows`, each under its caption, with its true boxes and those of each method."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    tall = -(-len(rows) // COLUMNS)
    size = (COLUMNS * 2, tall * 2.2 + 0.5)  # inches
    figure, axes = plt.subplots(tall, COLUMNS, figsize=size, squeeze=False, layout="constrained")
    for panel in axes.flat:
        panel.axis("off")
    for panel, i, caption in zip(axes.flat, rows, captions, strict=False):
        panel.imshow(data.read([i])[0])
        panel.set_title(caption, fontsize=8, parse_math=False)
        boxes_by_name = {"true": data.boxes_of(i)} | {name: boxes.get(i, ()) for name, boxes in found.items()}
        for (name, boxes), (colour, line) in zip(boxes_by_name.items(), STYLES, strict=False):
            for x0, y0, x1, y1 in boxes:
                edges = Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, label=name)
                edges.set(edgecolor=colour, linestyle=line, linewidth=1.5)
                panel.add_patch(edges)
    handles = {patch.get_label(): patch for panel in axes.flat for patch in panel.patches}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=5, facecolor="0.5", fontsize=9)
    return figure


def spread(values: Sequence[float], count: int) -> list[int]:
    """Places of `count` values from the largest to the smallest, evenly spread, both ends among them."""
    order = np.argsort(-np.asarray(values), kind="stable")
    return order[np.unique(np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int))].tolist()
