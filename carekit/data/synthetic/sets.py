"""Data sets of drawn images: how many of each class, artefacts of each, how good boxes and labels are."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from carekit.data.checks import CORNERS
from carekit.data.prepared import Prepared
from carekit.data.synthetic.scene import Kind, Scene, check_size

Rates = Mapping[str, float | Mapping[str, float]]


class Plan(NamedTuple):
    """One image to be drawn: its split, its number there, the class that is drawn and the class it is said to be."""

    split: str
    index: int
    drawn: int
    label: int


def scaled_counts(kind: Kind, total: int, exponent: float = 0.75, floor: int = 4) -> dict[str, int]:
    """About `total` images, class c in proportion to n_c ** exponent of the paper's counts, at least `floor` each.

    An exponent of 1 keeps the paper's ratio (58 for skin, 84 for chest); 0.75 brings it to 21 and 28, so that a few
    hundred images teach something; 0 makes all classes alike.
    """
    if total < 1:
        raise ValueError(f"total = {total} must be at least 1")
    shares = np.array(list(kind.counts.values())) ** exponent
    counts = np.maximum(floor, np.round(total * shares / shares.sum())).astype(int)
    return dict(zip(kind.classes, counts.tolist(), strict=True))


def draw(
    kind: Kind,
    seed: int = 0,
    size: int = 64,
    counts: Mapping[str, int] | None = None,
    test_counts: Mapping[str, int] | None = None,
    *,
    imbalance: float | None = None,
    shortcut: float = 0.9,
    shortcut_kind: str | None = None,
    elsewhere: float = 0.03,
    rates: Rates | None = None,
    test_rates: Rates | None = None,
    lesion_size: float = 1.0,
    spread: float = 1.0,
    looseness: float = 1.0,
    jitter: float = 0.0,
    label_noise: float = 0.0,
) -> Prepared:
    """A data set in memory; the same arguments give the same bytes.

    counts, test_counts: images of each class for training (default: about 520, see `scaled_counts`) and test (30 each).
    imbalance: in place of counts, how many times the largest class outnumbers the smallest, 1 or more.
    shortcut: share of the rare class's training images that show the artefact `shortcut_kind`; elsewhere: share of all
    other images that do. rates, test_rates: share of training and of test images that show an artefact, one number
    or one for each class, over what the kind has. lesion_size: factor on its extent, 0.5 to 1.5. spread: factor
    on how far from the middle it may lie, 0 to 2. looseness: factor on the boxes' sides, 0.5 to 3, where 1 is tight.
    jitter: standard deviation of each side's place as a share of the box, 0 to 0.5. label_noise: share of training
    images that carry another class's label, 0 to 1; the column drawn_as keeps the true class.
    Raises ValueError for an unknown class or artefact, or a number out of range.
    """
    check_size(size)
    _check_ranges(
        shortcut=(shortcut, 0, 1),
        elsewhere=(elsewhere, 0, 1),
        lesion_size=(lesion_size, 0.5, 1.5),
        spread=(spread, 0, 2),
        looseness=(looseness, 0.5, 3),
        jitter=(jitter, 0, 0.5),
        label_noise=(label_noise, 0, 1),
    )
    parts = {"train": counts or _counts(kind, imbalance), "test": test_counts or dict.fromkeys(kind.classes, 30)}
    _check_counts(kind, parts)
    shown = _all_rates(kind, shortcut, shortcut_kind, elsewhere, {"train": rates, "test": test_rates})
    plan = _plan(kind, parts, seed, label_noise)
    scenes = [
        kind.render(
            seed,
            each.index,
            each.drawn,
            size,
            train=each.split == "train",
            rates=shown[each.split, kind.classes[each.drawn]],
            lesion_size=lesion_size,
            spread=spread,
        )
        for each in plan
    ]
    boxes = [
        _loosened(scene.boxes, size, looseness, jitter, seed, each) for scene, each in zip(scenes, plan, strict=True)
    ]
    made_with = {"seed": seed, "counts": parts, "lesion_size": lesion_size, "spread": spread, "looseness": looseness}
    made_with |= {"jitter": jitter, "label_noise": label_noise, "rates": _as_facts(shown)}
    return _data_set(kind, size, plan, scenes, boxes, made_with)


def _check_ranges(**values: tuple[float, float, float]) -> None:
    for name, (value, low, high) in values.items():
        if not low <= value <= high:
            raise ValueError(f"{name} = {value} is out of range: choose a number from {low} to {high}")


def _counts(kind: Kind, imbalance: float | None) -> dict[str, int]:
    if imbalance is None:
        return scaled_counts(kind, 520)
    if imbalance < 1:
        raise ValueError(f"imbalance = {imbalance} is out of range: choose 1 (all classes alike) or more")
    ratio = max(kind.counts.values()) / min(kind.counts.values())
    return scaled_counts(kind, 520, exponent=np.log(imbalance) / np.log(ratio), floor=1)


def _check_counts(kind: Kind, parts: dict[str, Mapping[str, int]]) -> None:
    for name, count in [pair for part in parts.values() for pair in part.items()]:
        if name not in kind.classes:
            raise ValueError(f"class {name!r} is unknown: choose from {', '.join(kind.classes)}")
        if count < 1:
            raise ValueError(f"class {name} has the count {count}: give at least 1")


def _all_rates(kind: Kind, shortcut, shortcut_kind, elsewhere, given) -> dict[tuple[str, str], dict[str, float]]:
    """(split, class) -> artefact -> rate."""
    shortcut_kind = shortcut_kind or kind.shortcut
    if shortcut_kind not in kind.artefacts:
        raise ValueError(f"shortcut_kind = {shortcut_kind!r} is unknown: choose one of {', '.join(kind.artefacts)}")
    table = {
        (split, name): kind.artefacts | {shortcut_kind: elsewhere}
        for split in ("train", "test")
        for name in kind.classes
    }
    table["train", kind.rare][shortcut_kind] = shortcut
    for split, rates in given.items():
        for artefact, rate in (rates or {}).items():
            if artefact not in kind.artefacts:
                raise ValueError(f"artefact {artefact!r} is unknown: choose from {', '.join(kind.artefacts)}")
            for name, share in (rate if isinstance(rate, Mapping) else dict.fromkeys(kind.classes, rate)).items():
                if name not in kind.classes:
                    raise ValueError(f"class {name!r} is unknown: choose from {', '.join(kind.classes)}")
                _check_ranges(**{artefact: (share, 0, 1)})
                table[split, name][artefact] = share
    return table


def _as_facts(shown: dict[tuple[str, str], dict[str, float]]) -> dict:
    return {f"{split} {name}": rates for (split, name), rates in shown.items()}


def _plan(kind: Kind, parts: dict[str, Mapping[str, int]], seed: int, label_noise: float) -> list[Plan]:
    plan, n = [], len(kind.classes)
    for split, part in parts.items():
        drawn = [kind.classes.index(name) for name, count in part.items() for _ in range(count)]
        rng = np.random.default_rng([seed, 77])
        wrong = rng.random(len(drawn)) < (label_noise if split == "train" else 0)
        shift = rng.integers(1, n, len(drawn))
        plan += [Plan(split, i, c, int((c + shift[i]) % n) if wrong[i] else c) for i, c in enumerate(drawn)]
    return plan


def _loosened(boxes: np.ndarray, size: int, looseness: float, jitter: float, seed: int, plan: Plan) -> np.ndarray:
    """Boxes (k, 4) scaled about their middle, each side moved at random, clipped to the image."""
    sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    rng = np.random.default_rng([seed, plan.split == "train", plan.index, plan.drawn, 78])
    moved = boxes + sides * (0.5 * (looseness - 1) * np.array([-1, -1, 1, 1]) + jitter * rng.normal(size=boxes.shape))
    moved = moved.clip(0, size)
    narrow = (moved[:, 2:] - moved[:, :2]).min(axis=1, initial=size) < 1
    moved[narrow] = boxes[narrow]  # a box that jitter has turned inside out says nothing
    return moved


def _data_set(kind: Kind, size: int, plan: list[Plan], scenes: list[Scene], boxes, made_with: dict) -> Prepared:
    ids = [f"{each.split}-{each.index:05d}" for each in plan]
    samples = pd.DataFrame(
        {
            "image_id": ids,
            "label": [each.label for each in plan],
            "group": ids,
            "split": [each.split for each in plan],
            "drawn_as": [kind.classes[each.drawn] for each in plan],
            "artefacts": [";".join(scene.artefacts) for scene in scenes],
        }
    )
    table = pd.DataFrame(np.concatenate(boxes), columns=CORNERS)
    table.insert(0, "image_id", np.repeat(ids, [len(each) for each in boxes]))
    images, masks = np.stack([each.image for each in scenes]), np.stack([each.mask for each in scenes])
    return Prepared(images, samples, table, _facts(kind, size, made_with), masks)


def _facts(kind: Kind, size: int, made_with: dict) -> dict:
    return {
        "name": kind.name,
        "title": kind.title,
        "classes": list(kind.classes),
        "class_names": list(kind.class_names.values()),
        "rare": [kind.rare],
        "size": size,
        "licence": "MIT, made by carekit",
        "citation": f"carekit, {kind.title.lower()}",
        "source": "carekit.data.synthetic",
        "split": "training and test images are drawn apart",
        "made_with": made_with,
    }
