"""Figures of lesson 7: the focal loss, mixed images with their boxes, and recall by class, alone beside with CARE."""

from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carekit.data.batches import Batch, BoxedImages
from carekit.data.prepared import Prepared
from carekit.method.metrics import label_of
from carekit.method.seeding import seeded
from carekit.research.figures import plots
from carekit.research.studies.treatments import with_care
from carekit.strategies import Strategy


def focal_curves(gammas: Sequence[float]) -> Figure:
    """-(1 - p)^γ log p over p, a line for each γ."""
    figure, axes = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
    p = np.linspace(0.01, 1, 200)
    for place, gamma in enumerate(gammas):
        style = ("-", "--", "-.", ":")[place % 4]
        axes.plot(p, -((1 - p) ** gamma) * np.log(p), style, color=plots.COLOURS[place], label=f"γ = {gamma:g}")
    axes.set(xlabel="probability p of the true class", ylabel="loss", ylim=(0, 4))
    axes.legend(frameon=False)
    return plots.as_letters(figure)


def of_each_class(data: Prepared, names: Sequence[str]) -> Batch:
    """The first image of each class that has a box, with its boxes, as a batch."""
    rows = []
    for name in names:
        own = np.flatnonzero(data.labels == data.classes.index(name))
        rows.append(next(int(i) for i in own if len(data.boxes_of(i))))
    return BoxedImages(data, {i: data.boxes_of(i) for i in rows}).__getitems__(rows)


def draw_mixed(axes: Iterable[Axes], batch: Batch, strategy: Strategy, classes: Sequence[str], seed: int = 0) -> None:
    """A row of panels: the images of a batch after a strategy, what is left of each box, and the labels' shares."""
    with seeded(seed):
        changed = strategy.batch(batch)
    for i, panel in enumerate(axes):
        panel.imshow(changed.images[i].permute(1, 2, 0).numpy())  # (3, h, w) -> (h, w, 3)
        mask = changed.m_in[i].numpy()
        for colour, width in (("black", 3.5), ("white", 1.5)):
            if mask.any():
                panel.contour(np.pad(mask, 1)[1:-1, 1:-1], levels=[0.5], colors=colour, linewidths=width)
        panel.set_title(_labels(changed, i, classes), fontsize=9, parse_math=False)


def _labels(batch: Batch, i: int, classes: Sequence[str]) -> str:
    own = classes[int(batch.labels[i])]
    box = "" if bool(batch.has_box[i]) else "\nno box is left"
    if batch.mixed_with is None:
        return own + box
    other = classes[int(batch.mixed_with[i])]
    return f"{100 * batch.share:.0f} % {own}, {100 * (1 - batch.share):.0f} % {other}{box}"


def recall_by_class(scores: pd.DataFrame, names: Sequence[str], classes: Sequence[str]) -> Figure:
    """The paper's Fig. 8 for each strategy: recall of every class, alone beside with CARE; a dot for each seed."""
    columns = 2
    rows = -(-len(names) // columns)  # rounded up
    shape = (5.2 * columns, 2.1 * rows + 0.5)
    figure, axes = plt.subplots(
        rows, columns, figsize=shape, sharex=True, sharey=True, layout="constrained", squeeze=False
    )
    for panel, name in zip(axes.flat, names, strict=False):
        for place, arm in enumerate((name, with_care(name))):
            values = scores.loc[scores.arm == arm, [f"recall_{each}" for each in classes]].to_numpy()  # (seeds, c)
            where = np.arange(len(classes)) + (place - 0.5) * 0.4
            label = ("alone", "with CARE")[place]
            panel.bar(where, values.mean(0), 0.38, color=plots.COLOURS[1 - place], label=label)
            panel.plot(where, values.T, ".", color="black", markersize=3, alpha=0.7)
        panel.set_title(name, fontsize=10)
        panel.set_xticks(range(len(classes)), classes, fontsize=8)
        panel.set(ylim=(0, 1.02))
        panel.grid(axis="y", alpha=0.3)
    for panel in axes.flat[len(names) :]:
        panel.set_visible(False)
    for panel in axes[:, 0]:
        panel.set_ylabel("recall")
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=2, frameon=False)
    return plots.as_letters(figure)


def gains(gained: pd.DataFrame, metrics: Sequence[str]) -> Figure:
    """One panel a metric: what CARE adds to each strategy, with its 95 % interval; the line at 0 is no gain."""
    shape = (3.6 * len(metrics), 0.27 * len(gained) + 1.3)
    figure, axes = plt.subplots(1, len(metrics), figsize=shape, sharey=True, layout="constrained", squeeze=False)
    for panel, metric in zip(axes[0], metrics, strict=True):
        mean, half = gained[metric, "mean"], gained[metric, "±"].fillna(0)
        panel.axvline(0, color=plots.GREY, linewidth=1)
        panel.errorbar(mean, range(len(gained)), xerr=half, fmt="o", color=plots.COLOURS[0], capsize=3)
        panel.set(xlabel=f"gain: {label_of(metric)}")
        panel.grid(axis="x", alpha=0.3)
    axes[0, 0].set_yticks(range(len(gained)), gained.index.str.removesuffix(with_care("")))
    axes[0, 0].invert_yaxis()
    return plots.as_letters(figure)


def turned_by_ink(counts: pd.Series, names: Sequence[str], total: int) -> Figure:
    """How many of `total` test images of other diseases ink turns into the rare class, alone and with CARE.

    Args:
        counts: by the arm's name.
        names: strategies, from top to bottom.
        total: all that could be turned.
    """
    figure, axes = plt.subplots(figsize=(7, 0.5 * len(names) + 1), layout="constrained")
    for place, label in enumerate(("alone", "with CARE")):
        arms = [with_care(name) if place else name for name in names]
        where = np.arange(len(names)) + (place - 0.5) * 0.4
        drawn = axes.barh(where, counts[arms], 0.38, color=plots.COLOURS[1 - place], label=label)
        axes.bar_label(drawn, fontsize=8, padding=2)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(f"of {total} images of other diseases, those that ink turns into the rare one")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return plots.as_letters(figure)
