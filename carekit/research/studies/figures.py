"""Figures of results, each with a text for those who cannot see it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from carekit.data.prepared import Prepared
from carekit.experiment.evaluation import Predictions
from carekit.method.metrics import mean_and_half_width
from carekit.research.figures import plots
from carekit.research.figures.labels import label_of

SIZE = 9  # points of small print
MARKERS = ("o", "s", "^", "D", "v")
PAPER = "the paper"


class Drawn(NamedTuple):
    """A figure and its text, as `carekit.research.figures.show.figure` takes them."""

    figure: Figure
    alt: str


def class_bars(table: pd.DataFrame, classes: Sequence[str], arms: Sequence[str]) -> Drawn:
    """Fig. 8: the recall of each class by arm, with the 95 % interval over seeds.

    Args:
        table: tidy rows of one data set and condition, with `recall_CLASS`.
        classes: in the order of the axis.
        arms: one bar each.
    """
    figure, axes = plt.subplots(figsize=(1.1 * len(classes) + 1.5, 3.2), layout="constrained")
    width = 0.8 / len(arms)
    texts = []
    for place, arm in enumerate(arms):
        # (mean, half width) a class -> two rows
        pairs = [mean_and_half_width(table.loc[table.arm == arm, f"recall_{name}"]) for name in classes]
        means, halves = np.array(pairs).T
        where = np.arange(len(classes)) + (place - (len(arms) - 1) / 2) * width
        axes.bar(where, means, width, label=arm, color=_colour(arm, place), hatch=("", "//", "..")[place % 3])
        axes.errorbar(where, means, np.nan_to_num(halves), fmt="none", ecolor="black", capsize=3)
        texts.append(f"{arm}: {', '.join(f'{name} {mean:.2f}' for name, mean in zip(classes, means, strict=True))}")
    axes.set_xticks(range(len(classes)), list(classes))
    axes.set(ylabel="recall", ylim=(0, 1.05))
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return Drawn(plots.as_letters(figure), "Recall of each class. " + "; ".join(texts))


def curves(table: pd.DataFrame, metrics: Sequence[str], arms: Sequence[str]) -> Drawn:
    """Fig. 9: over the epochs, the mean over seeds as a line and each seed as a thin one.

    Args:
        table: rows with arm, seed, epoch and the metrics.
        metrics: one panel each.
        arms: one colour each.
    """
    shape = (3.6 * len(metrics), 3.3)
    figure, axes = plt.subplots(1, len(metrics), figsize=shape, layout="constrained", squeeze=False)
    texts = []
    for panel, metric in zip(axes[0], metrics, strict=True):
        for place, arm in enumerate(arms):
            # (epochs, seeds): a thin line a seed, a thick one for their mean
            wide = table[table.arm == arm].pivot(index="epoch", columns="seed", values=metric)
            style = ("-", "--", "-.", ":")[place % 4]
            panel.plot(wide.index, wide, color=_colour(arm, place), linewidth=0.6, alpha=0.5)
            mean = wide.mean(axis=1)
            panel.plot(wide.index, mean, style, color=_colour(arm, place), linewidth=2, label=arm)
            texts.append(f"{label_of(metric)}, {arm}: {mean.iloc[0]:.2f} to {mean.iloc[-1]:.2f}")
        panel.set(xlabel="epoch", title=label_of(metric))
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=SIZE)
    return Drawn(plots.as_letters(figure), "From the first epoch to the last. " + "; ".join(texts))


def forest(verdicts: pd.DataFrame, title: str = "") -> Drawn:
    """Paired differences with 95 % intervals, a panel a metric and a line a pair, and the paper's own.

    Args:
        verdicts: of `carekit.research.studies.verdicts.judge_claims`; conditions of the same pair share a line.
        title: above the figure.
    """
    pairs, metrics = list(dict.fromkeys(_pairs(verdicts))), list(dict.fromkeys(verdicts.metric))
    conditions = list(dict.fromkeys(verdicts.condition))
    # Two panels side by side; what is left over in the last row is blank.
    across = min(2, len(metrics))
    down = -(-len(metrics) // across)
    shape = (2.9 * across + 2.4, down * (0.32 * len(pairs) + 0.9) + 0.6)
    figure, axes = plt.subplots(down, across, figsize=shape, layout="constrained", sharey=True, squeeze=False)
    for panel in axes.flat[len(metrics) :]:
        panel.set_axis_off()
    for panel, metric in zip(axes.flat, metrics, strict=False):
        _differences(panel, verdicts[verdicts.metric == metric], pairs, conditions)
        panel.set_title(label_of(metric).removeprefix("mean class accuracy ").strip("()"), fontsize=SIZE)
        panel.set_xlabel("difference and 95 % interval", fontsize=SIZE)
        panel.tick_params(labelsize=SIZE)
    axes[0, 0].set_yticks(range(len(pairs)), [f"{arm} − {control}" for arm, control in pairs])
    axes[0, 0].invert_yaxis()
    figure.suptitle(title, fontsize=SIZE + 2)
    handles = []
    for i, name in enumerate(conditions):
        handles.append(Line2D([], [], marker=MARKERS[i], color=plots.COLOURS[i], label=name))
    if verdicts.printed.notna().any():
        handles.append(Line2D([], [], marker="x", color="black", linestyle="none", label=PAPER))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=SIZE)
    texts = []
    for row in verdicts.itertuples():
        interval = f"{row.difference:+.2f} from {row.low:+.2f} to {row.high:+.2f}"
        texts.append(f"{row.arm} against {row.control}, {row.metric}, {row.condition}: {interval}")
    return Drawn(plots.as_letters(figure), f"{title or 'Paired differences'}. " + "; ".join(texts))


def _pairs(verdicts: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(verdicts.arm, verdicts.control, strict=True))


def _differences(panel: Axes, rows: pd.DataFrame, pairs: list[tuple[str, str]], conditions: list[str]) -> None:
    """One metric's differences, each on the line of its pair; conditions a little apart."""
    panel.axvline(0, color=plots.GREY, linewidth=1)
    panel.grid(axis="x", alpha=0.3)
    for row, pair in zip(rows.itertuples(), _pairs(rows), strict=True):
        place, line = conditions.index(row.condition), pairs.index(pair)
        # Conditions of a pair are drawn a little above and below its line.
        y = line + 0.26 * (place - (len(conditions) - 1) / 2)
        # The interval of resampling is not symmetric: two lengths. Without an interval both are 0.
        half = np.nan_to_num([[row.difference - row.low], [row.high - row.difference]])
        colour, marker = plots.COLOURS[place], MARKERS[place]
        panel.errorbar(row.difference, y, xerr=half, fmt=marker, color=colour, capsize=3, markersize=5)
        if pd.notna(row.printed):
            panel.plot(row.printed, line, "x", color="black", markersize=7)


def heat_map(table: pd.DataFrame, rows: str, columns: str, metric: str) -> Drawn:
    """The mean of a metric over two parameters, the number in each cell.

    Args:
        table: tidy rows with one column a parameter.
        rows, columns: names of these columns.
        metric: what is shown.
    """
    # Rows and columns in rising order, the mean over seeds in each cell.
    wide = table.pivot_table(index=rows, columns=columns, values=metric, aggfunc="mean", sort=True)
    figure, axes = plt.subplots(figsize=(0.9 * wide.shape[1] + 2.4, 0.6 * wide.shape[0] + 1.5), layout="constrained")
    shown = axes.imshow(wide, cmap=plots.MAP, aspect="auto")
    middle = (wide.to_numpy().min() + wide.to_numpy().max()) / 2
    for (i, j), value in np.ndenumerate(wide.to_numpy()):
        colour = "black"
        if value < middle:  # the dark half of the colour map
            colour = "white"
        axes.text(j, i, f"{value:.2f}", ha="center", va="center", color=colour)
    axes.set_xticks(range(wide.shape[1]), [f"{value:g}" for value in wide.columns])
    axes.set_yticks(range(wide.shape[0]), [f"{value:g}" for value in wide.index])
    axes.set(xlabel=columns, ylabel=rows, title=label_of(metric))
    figure.colorbar(shown, ax=axes)
    best = wide.stack().idxmax()
    texts = "; ".join(f"{rows} {i:g}, {columns} {j:g}: {value:.2f}" for (i, j), value in wide.stack().items())
    highest = f"{label_of(metric)}, highest at {rows} = {best[0]:g}, {columns} = {best[1]:g}"
    return Drawn(plots.as_letters(figure), f"{highest}. {texts}")


def gallery(images: Prepared, answers: Mapping[str, Predictions]) -> Drawn:
    """Figs. 10 and 14: test images with their boxes, and below them the map of each arm.

    Args:
        images: a few of them.
        answers: arm -> its answers to them.
    """
    figure, axes = plots.grid(len(images), 1 + len(answers), size=1.7)
    for column in range(len(images)):
        plots.draw_image(axes[0, column], images.read([column])[0], images.boxes_of(column))
    axes[0, 0].set_ylabel("test image", fontsize=8)
    texts = []
    for panels, (arm, of_arm) in zip(axes[1:], answers.items(), strict=True):
        plots.answers(list(panels), images, of_arm, arm)
        right = int((of_arm.probabilities.argmax(1) == of_arm.labels).sum())
        texts.append(f"{arm}: {right} right")
    return Drawn(plots.as_letters(figure), f"{len(images)} test images and where each model looks. " + "; ".join(texts))


def _colour(arm: str, place: int) -> str:
    if arm == "baseline":
        return plots.COLOURS[1]
    return plots.colour_of(arm, place)
