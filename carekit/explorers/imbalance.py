"""Imbalance under the learner's fingers: class sizes, their weights, and what always naming the largest scores."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from carekit.explorers.controls import slider, toggle
from carekit.explorers.frame import Explorer
from carekit.lessons import plots
from carekit.strategies import class_weights

LARGEST_RATIO = 100  # that can be chosen
LARGEST = 1000  # images of the largest class
PRESETS = {
    "The paper's skin data": {"ratio": 58},
    "The paper's chest data": {"ratio": 84},
    "Balanced": {"ratio": 1},
}


def imbalance(ratio: float, names: Sequence[str], total_of_largest: float = LARGEST) -> dict:
    """Classes whose sizes fall geometrically from the largest to the smallest, `ratio` times less.

    Returns sizes and weights (n / (c · n_c)), each {name: number} in the order of `names`, largest class first, and
    the accuracy and mca, in [0, 1], of a classifier that always names the largest class. Sizes are not rounded.
    Raises ValueError for fewer than two classes, or for a ratio below 1 or that leaves less than one image.
    """
    if len(names) < 2:
        raise ValueError(f"{len(names)} class cannot be out of balance: give at least two names")
    if not 1 <= ratio <= total_of_largest:
        raise ValueError(f"ratio = {ratio:g} is out of range: choose from 1 (balanced) to {total_of_largest:g}")
    sizes = total_of_largest * np.geomspace(1, 1 / ratio, len(names))
    weights = class_weights(sizes.tolist()).tolist()
    pairs = {"sizes": sizes.tolist(), "weights": weights}
    named = {key: dict(zip(names, values, strict=True)) for key, values in pairs.items()}
    return named | {"accuracy": float(sizes[0] / sizes.sum()), "mca": 1 / len(names)}


def words(ratio: float, numbers: dict) -> str:
    """The numbers in a sentence."""
    largest, *_, smallest = numbers["weights"]
    low, high = numbers["weights"][largest], numbers["weights"][smallest]
    scores = f"always naming {largest} has accuracy {numbers['accuracy']:.3f} and MCA {numbers['mca']:.3f}"
    return f"Ratio {ratio:g}: {scores}; the weights go from {low:.2f} for {largest} to {high:.2f} for {smallest}."


def explore_imbalance(paper_counts: Mapping[str, int], *, ratio: int | None = None, log: bool = False) -> Explorer:
    """Show the explorer of classes of unequal size.

    Args:
        paper_counts: the number of images of each class, {name: images}.
        ratio: of the largest class to the smallest, from 1 to 100; by default that of the counts.
        log: whether the bars start on a logarithmic axis.

    Raises:
        ValueError: for counts below 1, fewer than two classes, or a ratio outside 1 to 100.
    """
    if min(paper_counts.values(), default=1) < 1:
        raise ValueError("a class without an image has no ratio: leave it out of the counts")
    names = sorted(paper_counts, key=lambda name: -paper_counts[name])
    if ratio is None:
        ratio = round(max(paper_counts.values(), default=1) / min(paper_counts.values(), default=1))
    numbers = imbalance(ratio, names)
    if ratio > LARGEST_RATIO:
        raise ValueError(f"ratio = {ratio:g} is out of range: choose from 1 (balanced) to {LARGEST_RATIO}")
    defaults = {"ratio": ratio, "log": log}
    controls = [slider("ratio", "Ratio", 1, LARGEST_RATIO, 1), toggle("log", "Log scale")]
    scene = {"names": names, "largest": LARGEST, "most": LARGEST_RATIO}
    guess = {"name": "accuracy", "label": "the accuracy"}
    explorer = Explorer(
        "imbalance", "The largest class against the smallest", controls, defaults, scene, presets=PRESETS, guess=guess
    )
    explorer.show(_still(numbers, log), words(ratio, numbers))
    return explorer


def _still(numbers: dict, log: bool) -> Figure:
    figure, axes = plots.grid(3, size=3)
    always = {"accuracy": numbers["accuracy"], "MCA": numbers["mca"]}
    panels = {"images": numbers["sizes"], "class weight": numbers["weights"], "always the largest class": always}
    for i, (panel, (title, values)) in enumerate(zip(axes[0], panels.items(), strict=True)):
        drawn = panel.bar(range(len(values)), list(values.values()), color=plots.COLOURS[i])
        panel.bar_label(drawn, fmt=lambda value: f"{value:,.0f}" if value >= 100 else f"{value:.3g}", fontsize=8)
        panel.set_xticks(range(len(values)), list(values), fontsize=8)
        panel.set(title=title)
        if log and i < 2:
            panel.set_yscale("log")
            panel.yaxis.set_major_formatter(plots.PLAIN)
    axes[0, 2].set_ylim(0, 1)
    return figure
