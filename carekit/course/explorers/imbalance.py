"""Imbalance under the learner's fingers: class sizes, their weights, and what a classifier's recalls make of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from carekit.course.explorers.controls import Control, choice, slider, toggle
from carekit.course.explorers.frame import Explorer
from carekit.paper import CHEST_COUNTS, SKIN_COUNTS
from carekit.research.figures import plots
from carekit.strategies import class_weights

LARGEST_RATIO = 100  # that can be chosen
LARGEST = 1000  # images of the largest class
GIVEN, CHEST, RATIO = "given", "chest", "ratio"
LARGEST_ONLY, FORGETS, HAND = "largest", "forgets", "hand"
GOOD = 0.9  # the recall of the classes that a good classifier does not forget


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


def of_counts(counts: Mapping[str, float]) -> dict:
    """Sizes and weights of classes, each {name: number}, largest class first."""
    sizes = dict(sorted(counts.items(), key=lambda pair: -pair[1]))
    weights = class_weights(list(sizes.values())).tolist()
    return {"sizes": sizes, "weights": dict(zip(sizes, weights, strict=True))}


def recalls_of(classifier: str, n: int) -> list[float]:
    """The recalls, largest class first, of one that names the largest only, or that forgets the smallest."""
    if classifier == LARGEST_ONLY:
        return [1.0] + [0.0] * (n - 1)
    return [GOOD] * (n - 1) + [0.0]


def judge(sizes: Sequence[float], recalls: Sequence[float]) -> dict[str, float]:
    """Accuracy and MCA of a classifier with these recalls on classes of these sizes."""
    return {"accuracy": float(np.average(recalls, weights=sizes)), "mca": float(np.mean(recalls))}


def words(about: str, who: str, numbers: dict) -> str:
    """The numbers in a sentence; `about` names the classes' sizes, `who` the classifier."""
    largest, *_, smallest = numbers["weights"]
    low, high = numbers["weights"][largest], numbers["weights"][smallest]
    scores = f"{who} has accuracy {numbers['accuracy']:.3f} and MCA {numbers['mca']:.3f}"
    return f"{about}: {scores}; the weights go from {low:.2f} for {largest} to {high:.2f} for {smallest}."


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
    names = sorted(paper_counts, key=lambda name: -paper_counts[name])
    own = round(max(paper_counts.values(), default=1) / min(paper_counts.values(), default=1))
    imbalance(own if ratio is None else ratio, names)
    if (own if ratio is None else ratio) > LARGEST_RATIO:
        raise ValueError(f"ratio = {ratio or own:g} is out of range: choose from 1 (balanced) to {LARGEST_RATIO}")
    title = "The paper's skin data" if dict(paper_counts) == SKIN_COUNTS else "These data"
    sets = {GIVEN: {"title": title} | of_counts(paper_counts)}
    sets[CHEST] = {"title": "The paper's chest data"} | of_counts(CHEST_COUNTS)
    known = {name: _complete(name, each, names) for name, each in (recalls or {}).items()}
    defaults: dict[str, Any] = {"counts": GIVEN if ratio is None else RATIO, "classifier": LARGEST_ONLY}
    defaults |= {"ratio": own if ratio is None else ratio, "log": log, "recalls": []}
    sent = {key: [each["title"], list(each["sizes"]), list(each["sizes"].values())] for key, each in sets.items()}
    explorer = Explorer(
        "imbalance",
        "What accuracy hides",
        _controls(sets, known),
        defaults,
        {"names": names, "sets": sent, "recalls": known, "largest": LARGEST, "most": LARGEST_RATIO, "good": GOOD},
        presets=_presets(title, own),
        guess={"name": "accuracy", "label": "the accuracy", "most": 1},
    )
    numbers = sets[GIVEN] if ratio is None else imbalance(ratio, names)
    numbers = numbers | judge(list(numbers["sizes"].values()), recalls_of(LARGEST_ONLY, len(names)))
    about = f"{title}, {own} to 1" if ratio is None else f"Ratio {ratio:g}"
    explorer.show(_still(numbers, log), words(about, f"always naming {names[0]}", numbers))
    return explorer


def _complete(name: str, recalls: Mapping[str, float], names: Sequence[str]) -> list[float]:
    missing = [each for each in names if each not in recalls]
    if missing:
        raise ValueError(f"{name} has no recall of {missing[0]}: give one of each class")
    return [float(recalls[each]) for each in names]


def _controls(sets: Mapping[str, Mapping], known: Mapping[str, object]) -> list[Control]:
    counts = {key: each["title"] for key, each in sets.items()} | {RATIO: "by the ratio"}
    kinds = {LARGEST_ONLY: "always the largest class", FORGETS: "good, but never the smallest"}
    kinds |= {f"known {name}": name for name in known} | {HAND: "by hand: move the recalls"}
    return [
        choice("counts", "Classes", counts),
        slider("ratio", "Ratio", 1, LARGEST_RATIO, 1),
        choice("classifier", "Classifier", kinds),
        toggle("log", "Log scale"),
    ]


def _presets(title: str, ratio: int) -> dict[str, dict[str, object]]:
    always: dict[str, object] = {"classifier": LARGEST_ONLY}
    return {
        title: {"counts": GIVEN, "ratio": ratio} | always,
        "The paper's chest data": {"counts": CHEST} | always,
        "Balanced": {"counts": RATIO, "ratio": 1} | always,
        "One class forgotten": {"counts": GIVEN, "ratio": ratio, "classifier": FORGETS},
    }


def _still(numbers: dict, log: bool) -> Figure:
    figure, axes = plots.grid(3, size=3)
    always = {"accuracy": numbers["accuracy"], "MCA": numbers["mca"]}
    panels = {"images": numbers["sizes"], "class weight": numbers["weights"], "always the largest class": always}
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
