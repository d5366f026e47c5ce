"""Figures of lesson 14: which sizes of a test set fit, how far switches turn a step, what they do to the result."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from carekit.method.metrics import label_of
from carekit.research.figures.plots import COLOURS, GREY, as_letters
from carekit.research.studies.readings import ANOTHER, PLAIN


def fitting(
    sizes: Sequence[int], shares: Mapping[str, Sequence[float]], stated: Mapping[str, int]
) -> tuple[Figure, str]:
    """What share of the printed recalls each number of test images explains, and its text.

    Args:
        sizes: numbers of test images.
        shares: name of the data -> a share for each size; "any numbers" is what chance would explain.
        stated: name of the data -> the size that the text gives.
    """
    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    for place, (name, values) in enumerate(shares.items()):
        colour, style = (COLOURS[place], "o-") if name in stated else (GREY, "--")
        axes.plot(sizes, values, style, color=colour, markersize=3, linewidth=1, label=name)
        if name in stated:
            axes.axvline(stated[name], color=colour, linestyle=":", label=f"{name}: as the text says, {stated[name]}")
    axes.set(xlabel="number of test images", ylabel="printed recalls that fit", ylim=(0, 1))
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    best = {name: sizes[int(np.argmax(values))] for name, values in shares.items() if name in stated}
    return as_letters(figure), f"Which numbers of test images explain the printed recalls; the best are {best}"


def turned(thrown: pd.DataFrame) -> tuple[Figure, str]:
    """How far each switch turns one step, from the farthest down, and its text. `thrown` is of `switches.throw_all`."""
    angles = thrown["angle"].drop(PLAIN).sort_values()
    figure, axes = plt.subplots(figsize=(7, 0.28 * len(angles) + 1), layout="constrained")
    for place, (name, value) in enumerate(angles.items()):
        colour = GREY if name == ANOTHER else COLOURS[0]
        axes.plot([0, value], [place, place], color=colour, linewidth=2)
        axes.plot(value, place, "o", color=colour)
        axes.annotate(f"{value:.0f}°", (value, place), (6, -3), textcoords="offset points", fontsize=8)
    axes.axvline(90, color=GREY, linestyle=":")
    axes.set_yticks(range(len(angles)), angles.index)
    axes.set(xlim=(0, 190), xticks=range(0, 181, 30), xlabel="degrees between the steps (180: the opposite direction)")
    words = ", ".join(f"{name} {value:.0f}" for name, value in angles[::-1].items())
    return as_letters(figure), f"By how many degrees each switch turns the step: {words}"


def moved(changes: Mapping[str, pd.DataFrame]) -> tuple[Figure, str]:
    """What each switch changes of the result, with the interval over the seeds, and its text.

    Args:
        changes: switch -> `experiment.paired_difference` of its arm from CARE as decided.
    """
    names, metrics = list(changes), list(next(iter(changes.values())).index)
    shape = (3.6 * len(metrics), 0.4 * len(names) + 1.3)
    figure, axes = plt.subplots(1, len(metrics), figsize=shape, sharey=True, layout="constrained", squeeze=False)
    for panel, metric in zip(axes[0], metrics, strict=True):
        panel.axvline(0, color=GREY, linestyle="--")
        middle = [changes[name].loc[metric, "difference"] for name in names]
        half = [np.nan_to_num(changes[name].loc[metric, "±"]) for name in names]
        panel.errorbar(middle, range(len(names)), xerr=half, fmt="o", color=COLOURS[0], capsize=4)
        panel.set(xlabel=f"change: {label_of(metric)}")
        panel.grid(axis="x", alpha=0.3)
    axes[0, 0].set_yticks(range(len(names)), names)
    axes[0, 0].invert_yaxis()
    first = metrics[0]
    words = ", ".join(f"{name} {changes[name].loc[first, 'difference']:+.2f}" for name in names)
    return as_letters(figure), f"What each thrown switch changes; {label_of(first)}: {words}"
