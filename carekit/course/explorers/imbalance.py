"""Imbalance under the learner's fingers: class sizes, their weights, and what a classifier's recalls make of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from carekit.course.explorers.controls import choice, slider, toggle
from carekit.course.explorers.frame import Explorer
from carekit.paper import CHEST_COUNTS, SKIN_COUNTS
from carekit.research.figures import plots
from carekit.strategies import class_weights

LARGEST_RATIO = 100  # that can be chosen
LARGEST = 1000  # images of the largest class
GIVEN, CHEST, RATIO = "given", "chest", "ratio"
LARGEST_ONLY, FORGETS, HAND = "largest", "forgets", "hand"
GOOD = 0.9  # the recall of the classes that a good classifier does not forget


CAPTION = (
    "{?ratio}Ratio {ratio}{:}{title}, {times} to 1{/}: {?who}{who}{:}always naming {largest}{/} has accuracy "
    "{accuracy:.3f} and MCA {mca:.3f}; the weights go from {low:.2f} for {largest} to {high:.2f} for {smallest}."
)


def imbalance(ratio: float, names: Sequence[str], total_of_largest: float = LARGEST) -> dict[str, float]:
    """The sizes {name: images}, not rounded, of classes that fall geometrically from the largest, `ratio` times less.

    Raises ValueError for fewer than two classes, or for a ratio below 1 or that leaves less than one image.
    """
    if len(names) < 2:
        raise ValueError(f"{len(names)} class cannot be out of balance: give at least two names")
    if not 1 <= ratio <= total_of_largest:
        raise ValueError(f"ratio = {ratio:g} is out of range: choose from 1 (balanced) to {total_of_largest:g}")
    sizes = total_of_largest * np.geomspace(1, 1 / ratio, len(names))
    return dict(zip(names, sizes.tolist(), strict=True))


def explore_imbalance(
    paper_counts: Mapping[str, int],
    *,
    ratio: int | None = None,
    log: bool = False,
    recalls: Mapping[str, Mapping[str, float]] | None = None,
) -> Explorer:
    """Show the explorer of classes of unequal size: move each class's recall, and see accuracy next to MCA.

    Args:
        paper_counts: the number of images of each class, {name: images}.
        ratio: of the largest class to the smallest, from 1 to 100, to start with classes whose sizes fall
            geometrically; by default it starts with the counts as they are.
        log: whether the bars start on a logarithmic axis.
        recalls: classifiers to choose from beside the kit's own two, {name: {class: recall in [0, 1]}}.

    Raises:
        ValueError: for counts below 1, fewer than two classes, a ratio outside 1 to 100, or a classifier without a
            recall of each class.
    """
    if min(paper_counts.values(), default=1) < 1:
        raise ValueError("a class without an image has no ratio: leave it out of the counts")
    counts, chest = _largest_first(paper_counts), _largest_first(CHEST_COUNTS)
    names = list(counts)
    own = round(max(counts.values(), default=1) / min(counts.values(), default=1))
    start = own
    if ratio is not None:
        start = ratio
    # Refuses counts and ratios that make no sense; the still shows the counts as they are where no ratio is given.
    sizes = imbalance(start, names)
    if start > LARGEST_RATIO:
        raise ValueError(f"ratio = {start:g} is out of range: choose from 1 (balanced) to {LARGEST_RATIO}")
    title = "The paper's skin data" if dict(paper_counts) == SKIN_COUNTS else "These data"
    sets = {GIVEN: [title, names, list(counts.values())]}
    sets[CHEST] = ["The paper's chest data", list(chest), list(chest.values())]
    known: dict[str, list[float]] = {}
    for name, of_class in (recalls or {}).items():
        for label in names:
            if label not in of_class:
                raise ValueError(f"{name} has no recall of {label}: give one of each class")
        known[name] = [float(of_class[label]) for label in names]
    kinds = {LARGEST_ONLY: "always the largest class", FORGETS: "good, but never the smallest"}
    kinds |= {f"known {name}": name for name in known} | {HAND: "by hand: move the recalls"}
    always = {"classifier": LARGEST_ONLY}
    defaults: dict[str, Any] = {"counts": GIVEN, "classifier": LARGEST_ONLY}
    defaults |= {"ratio": start, "log": log, "recalls": []}
    values: dict[str, Any] = {"title": title, "times": own}
    if ratio is None:
        sizes = dict(counts)
    else:
        values["ratio"] = f"{start:g}"
        defaults["counts"] = RATIO
    explorer = Explorer(
        "imbalance",
        "What accuracy hides",
        CAPTION,
        [
            choice("counts", "Classes", {GIVEN: title, CHEST: "The paper's chest data", RATIO: "by the ratio"}),
            slider("ratio", "Ratio", 1, LARGEST_RATIO, 1),
            choice("classifier", "Classifier", kinds),
            toggle("log", "Log scale"),
        ],
        defaults,
        {"names": names, "sets": sets, "recalls": known, "largest": LARGEST, "most": LARGEST_RATIO, "good": GOOD},
        presets={
            title: {"counts": GIVEN, "ratio": own} | always,
            "The paper's chest data": {"counts": CHEST} | always,
            "Balanced": {"counts": RATIO, "ratio": 1} | always,
            "One class forgotten": {"counts": GIVEN, "ratio": own, "classifier": FORGETS},
        },
        guess={"name": "accuracy", "label": "the accuracy", "most": 1},
    )
    weights = dict(zip(names, class_weights(list(sizes.values())).tolist(), strict=True))
    # Of one that always names the largest class: the recall is 1 there, and 0 elsewhere.
    scores = {"accuracy": sizes[names[0]] / sum(sizes.values()), "mca": 1 / len(names)}
    ends = {"largest": names[0], "smallest": names[-1], "low": weights[names[0]], "high": weights[names[-1]]}
    explorer.show(still(sizes, weights, scores, log), values | scores | ends)
    return explorer


def _largest_first(counts: Mapping[str, int]) -> dict[str, float]:
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))


def still(sizes: Mapping[str, float], weights: dict[str, float], scores: dict[str, float], log: bool) -> Figure:
    """Sizes, weights and scores as bars."""
    figure, axes = plots.grid(3, size=3)
    always = {"accuracy": scores["accuracy"], "MCA": scores["mca"]}
    panels = {"images": sizes, "class weight": weights, "always the largest class": always}
    for i, (panel, (title, values)) in enumerate(zip(axes[0], panels.items(), strict=True)):
        drawn = panel.bar(range(len(values)), list(values.values()), color=plots.COLOURS[i])
        panel.bar_label(drawn, fmt=lambda value: f"{value:,.0f}" if value >= 100 else f"{value:.3g}", fontsize=8)
        panel.set_xticks(range(len(values)), list(values), fontsize=8, parse_math=False)
        panel.set(title=title)
        if log and i < 2:
            panel.set_yscale("log")
            panel.yaxis.set_major_formatter(plots.PLAIN)
    axes[0, 2].set_ylim(0, 1)
    return figure
