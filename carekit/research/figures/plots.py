"""The lessons' figures. Colour maps are readable without colour vision; a box is drawn in white over black."""

import textwrap
from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib import patches, patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from carekit.data.prepared import Prepared
from carekit.experiment.evaluation import Predictions
from carekit.method.cam import resize
from carekit.research.figures.labels import label_of

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # Okabe and Ito 2008
MAP = "cividis"
SIGNED = "PRGn"  # of scores: green speaks for a class, purple against it, zero has no colour
PLAIN = StrMethodFormatter("{x:g}")  # of a logarithmic axis: the usual ones write formulas
GREY = "#767676"


def as_letters(figure: Figure) -> Figure:
    """The figure with all its texts drawn as they are written: a "$" in the name of a class begins no formula."""
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    return figure


def colour_of(arm: str, place: int = 0) -> str:
    """One colour a model everywhere: CARE blue, its control orange, the pretrained one grey; others by their place."""
    if "CARE" in arm:
        return COLOURS[0]
    if "α = 0" in arm or "without attention" in arm:
        return COLOURS[1]
    if "pretrained" in arm:
        return GREY
    return COLOURS[2 + place % (len(COLOURS) - 2)]


def grid(columns: int, rows: int = 1, size: float = 2.2) -> tuple[Figure, np.ndarray]:
    """A figure with picture axes (rows, columns), without ticks."""
    figsize = (columns * size, rows * size + 0.3)
    figure, axes = plt.subplots(rows, columns, figsize=figsize, layout="constrained", squeeze=False)
    for panel in axes.flat:
        panel.set(xticks=[], yticks=[])
    return figure, axes


def draw_image(axes: Axes, image: np.ndarray, boxes: Iterable = (), title: str = "") -> None:
    """An image (h, w, 3) with its boxes."""
    axes.imshow(image)
    draw_boxes(axes, boxes)
    axes.set_title(title, fontsize=10, parse_math=False)


def draw_boxes(axes: Axes, boxes: Iterable) -> None:
    """Outlines of boxes (x0, y0, x1, y1) in pixels; pixel (0, 0) is drawn around the point (0, 0)."""
    for x0, y0, x1, y1 in boxes:
        outline = patches.Rectangle(
            (x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0, fill=False, edgecolor="white", linewidth=1.5
        )
        outline.set_path_effects([patheffects.withStroke(linewidth=3, foreground="black")])
        axes.add_patch(outline)


def draw_attention(axes: Axes, image: np.ndarray, map_: np.ndarray, boxes: Iterable = (), title: str = "") -> None:
    """A map (u, v) in [0, 1], enlarged over the grey image, with the boxes."""
    large = resize(torch.as_tensor(np.asarray(map_, np.float32))[None], image.shape[:2])[0].numpy()  # (h, w)
    axes.imshow(image.mean(2), cmap="gray", vmin=0, vmax=255)
    axes.imshow(large, cmap=MAP, vmin=0, vmax=1, alpha=0.65)
    draw_boxes(axes, boxes)
    axes.set_title(title, fontsize=10, parse_math=False)


def draw_score(axes: Axes, image: np.ndarray, map_: np.ndarray, boxes: Iterable = (), title: str = "") -> None:
    """A map (u, v) of scores of any sign over the grey image: the stronger, the less is seen through it; 0 is clear."""
    large = resize(torch.as_tensor(np.asarray(map_, np.float32))[None], image.shape[:2])[0].numpy()
    top = float(np.abs(large).max()) or 1.0  # a map of zeros has no highest value to divide by
    axes.imshow(image.mean(2), cmap="gray", vmin=0, vmax=255)
    axes.imshow(large, cmap=SIGNED, vmin=-top, vmax=top, alpha=0.85 * np.abs(large) / top)
    draw_boxes(axes, boxes)
    axes.set_title(title, fontsize=10, parse_math=False)


def bars(values: dict[str, pd.Series | dict], ylabel: str, log: bool = False) -> Figure:
    """Groups of bars: series name -> {label: value}, each bar with its number."""
    figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
    # Each label has a group of bars around its place on the axis, 0.8 wide in all.
    width = 0.8 / len(values)
    for i, (name, series) in enumerate(values.items()):
        heights = list(dict(series).values())
        drawn = axes.bar(
            np.arange(len(heights)) + (i - (len(values) - 1) / 2) * width, heights, width, label=name, color=COLOURS[i]
        )
        axes.bar_label(drawn, fmt=_short, fontsize=8)
    axes.set_xticks(range(len(heights)), list(dict(series)))
    axes.set_ylabel(ylabel)
    if log:
        axes.set_yscale("log")
        axes.yaxis.set(major_formatter=PLAIN, minor_formatter=NullFormatter())
    if len(values) > 1:
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return as_letters(figure)


def _short(value: float) -> str:
    if value >= 10:
        return f"{value:,.0f}"
    return f"{value:.2g}"


def curves(histories: dict[str, pd.DataFrame], columns: Sequence[str]) -> Figure:
    """One panel a column over the epochs, one line a history."""
    figure, axes = plt.subplots(1, len(columns), figsize=(3.6 * len(columns), 3.3), layout="constrained", squeeze=False)
    for panel, column in zip(axes[0], columns, strict=True):
        for place, (name, history) in enumerate(histories.items()):
            style = ("-", "--", "-.", ":")[place % 4]
            panel.plot(history.epoch, history[column], style, color=colour_of(name, place), label=name)
        panel.set(xlabel="epoch", title=label_of(column))
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=9
    )
    return as_letters(figure)


def dots(scores: pd.DataFrame, metrics: Sequence[str]) -> Figure:
    """One panel a metric: each run of each arm as a dot, their mean as a line; the truth about three seeds."""
    arms = list(dict.fromkeys(scores.arm))
    shape = (3 * len(metrics), 0.4 * len(arms) + 1.6)
    figure, axes = plt.subplots(1, len(metrics), figsize=shape, sharey=True, layout="constrained", squeeze=False)
    for panel, name in zip(axes[0], metrics, strict=True):
        for place, arm in enumerate(arms):
            values = scores.loc[scores.arm == arm, name]
            panel.plot(values, [place] * len(values), "o", color=colour_of(arm, place), alpha=0.8)
            panel.plot([values.mean()] * 2, [place - 0.3, place + 0.3], color=colour_of(arm, place))
        panel.set(xlabel=textwrap.fill(label_of(name), 24), xlim=(-0.05, 1.05))
        panel.grid(axis="x", alpha=0.3)
    axes[0, 0].set_yticks(range(len(arms)), arms)
    axes[0, 0].invert_yaxis()
    return as_letters(figure)


def answers(axes: Sequence[Axes], data: Prepared, predicted: Predictions, label: str) -> None:
    """A row of panels, one an image of `data`: the map over it, the model's answer, and whether that is right."""
    axes[0].set_ylabel(label, fontsize=8, parse_math=False)
    for i, panel in enumerate(axes):
        answer, label_of_image = int(predicted.probabilities[i].argmax()), int(data.labels[i])
        sign = "✗"
        if answer == label_of_image:
            sign = "✓"
        title = f"{sign} {data.classes[answer]} ({data.classes[label_of_image]})"
        draw_attention(panel, data.read([i])[0], predicted.maps[i], data.boxes_of(i), title)


def gains(table: pd.DataFrame, metrics: Sequence[str]) -> Figure:
    """One panel a metric: what an arm gains over a control against its boxes' overlap with the true ones.

    Args:
        table: one row an arm and seed, with the columns arm, overlap and, of each metric, the gain.
        metrics: names of columns. Each seed is a dot, each arm's mean a line.
    """
    figure, axes = plt.subplots(1, len(metrics), figsize=(4.2 * len(metrics), 3.8), layout="constrained", squeeze=False)
    for panel, name in zip(axes[0], metrics, strict=True):
        panel.axhline(0, color=GREY, linewidth=1)
        for place, (arm, group) in enumerate(table.groupby("arm", sort=False)):
            colour = COLOURS[place % len(COLOURS)]
            marker = "os^Dv"[place // len(COLOURS) % 5]
            panel.plot(group.overlap, group[name], marker, color=colour, alpha=0.8, label=arm, linestyle="none")
            middle = group.overlap.mean()
            panel.plot([middle - 0.02, middle + 0.02], [group[name].mean()] * 2, color=colour)
        panel.set(xlabel="mean IoU with the true boxes", title=f"gain: {label_of(name)}", xlim=(0, 1.05))
        panel.grid(alpha=0.3)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False, fontsize=9
    )
    return as_letters(figure)


def paired_sweep(values: Sequence[float], table: pd.DataFrame, name: str, metrics: Sequence[str]) -> Figure:
    """What each value of a parameter gains over the control, seed by seed, with the interval; 0 is the control.

    Args:
        values: of the parameter.
        table: one row a value; columns (metric, "difference" | "±").
        name: of the parameter.
        metrics: one panel each.
    """
    figure, axes = plt.subplots(1, len(metrics), figsize=(3.4 * len(metrics), 3.1), layout="constrained", squeeze=False)
    for panel, column in zip(axes[0], metrics, strict=True):
        panel.axhline(0, color=COLOURS[1], linestyle="--")
        half = np.nan_to_num(table[column]["±"].to_numpy(float))
        panel.errorbar(values, table[column]["difference"], yerr=half, fmt="o-", color=COLOURS[0], capsize=4)
        panel.set(xlabel=name, title=f"gain: {label_of(column)}")
    return as_letters(figure)


def differences(table: pd.DataFrame, metrics: Sequence[str], what: str = "gain") -> Figure:
    """One panel a metric: the mean difference of each row, with its 95 % interval; the line at 0 is no difference.

    Args:
        table: one row an arm, from the top down; columns (metric, "mean") and (metric, "±").
        metrics: one panel each.
        what: the difference, in a word.
    """
    shape = (3.6 * len(metrics), 0.3 * len(table) + 1.3)
    figure, axes = plt.subplots(1, len(metrics), figsize=shape, sharey=True, layout="constrained", squeeze=False)
    for panel, metric in zip(axes[0], metrics, strict=True):
        half = table[metric, "±"].fillna(0)  # of one seed there is no interval
        panel.axvline(0, color=GREY, linewidth=1)
        panel.errorbar(table[metric, "mean"], range(len(table)), xerr=half, fmt="o", color=COLOURS[0], capsize=3)
        panel.set(xlabel=f"{what}: {label_of(metric)}")
        panel.grid(axis="x", alpha=0.3)
    axes[0, 0].set_yticks(range(len(table)), table.index)
    axes[0, 0].invert_yaxis()
    return as_letters(figure)
