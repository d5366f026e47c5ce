"""Data sets of drawn images: how many of each class, artefacts of each, how good boxes and labels are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import carekit
from carekit.data.filling import Draw, Drawn, Result, check_space, fill
from carekit.data.prepared import Prepared
from carekit.data.prepared.files import write_tables
from carekit.data.prepared.schema import CORNERS
from carekit.ground.folders import resumable_folder
from carekit.ground.messages import one_of
from carekit.material.drawing.scene import Kind, check_size

Counts = Mapping[str, int]
Rates = Mapping[str, float | Mapping[str, float]]
# Draws of their own, so that turning one knob changes nothing else.
_LABEL_STREAM = 77
_BOX_STREAM = 78
_SHORTCUT_STREAM = 80
_RANGES = {
    "shortcut": (0, 1),
    "elsewhere": (0, 1),
    "lesion_size": (0.5, 1.5),
    "spread": (0, 2),
    "looseness": (0.5, 3),
    "jitter": (0, 0.5),
    "label_noise": (0, 1),
}


class Planned(NamedTuple):
    """One image to be drawn: its split, its number there, the class that is drawn and the class of its label."""

    split: str
    number: int
    drawn: int
    label: int


def scaled_counts(kind: Kind, total: int, exponent: float = 0.5, floor: int = 4) -> dict[str, int]:
    """About `total` images, class c in proportion to n_c ** exponent of the paper's counts, at least `floor` each.

    An exponent of 1 keeps the paper's ratio (58 for skin, 84 for chest); 0.5 brings it to its root (8 and 9), so that
    a few hundred images teach something; 0 makes all classes alike.
    """
    if total < 1:
        raise ValueError(f"total = {total} must be at least 1")
    shares = np.array(list(kind.counts.values())) ** exponent
    counts = np.maximum(floor, np.round(total * shares / shares.sum())).astype(int)
    return dict(zip(kind.classes, counts.tolist(), strict=True))


@dataclass(frozen=True)
class Recipe:
    """All that decides a drawn data set; the same recipe gives the same bytes, in memory or in a folder.

    Args:
        kind: what is drawn.
        seed: of everything that is drawn at random.
        size: height and width of the images in pixels, 32 to 512.
        counts: training images of each class; by default about 540 in all, see `scaled_counts`.
        test_counts: test images of each class; by default 30.
        imbalance: in place of counts, how many times the largest class outnumbers the smallest, 1 or more.
        shortcut: share of the rare class's training images that show the artefact `shortcut_kind`, to the image.
        shortcut_kind: the misleading artefact, by default the kind's own.
        elsewhere: share of all other images that show it.
        rates: share of training images that show an artefact, one number or one for each class, over the kind's own.
        test_rates: the same for test images.
        lesion_size: factor on the lesion's extent, 0.5 to 1.5.
        spread: factor on how far from the middle it may be, 0 to 2.
        looseness: factor on the boxes' sides, 0.5 to 3, where 1 is tight.
        jitter: standard deviation of each side's place as a share of the box, 0 to 0.5.
        label_noise: share of training images that carry another class's label, 0 to 1; the column drawn_as keeps the
            true class.

    Raises:
        ValueError: for an unknown class or artefact, or a number out of range.
    """

    kind: Kind
    seed: int = 0
    size: int = 64
    counts: Counts | None = None
    test_counts: Counts | None = None
    imbalance: float | None = None
    shortcut: float = 0.95
    shortcut_kind: str | None = None
    elsewhere: float = 0.03
    rates: Rates | None = None
    test_rates: Rates | None = None
    lesion_size: float = 1.0
    spread: float = 1.0
    looseness: float = 1.0
    jitter: float = 0.0
    label_noise: float = 0.0

    def __post_init__(self) -> None:
        check_size(self.size)
        for name, bounds in _RANGES.items():
            _check_range(name, getattr(self, name), bounds)
        for counts in self.parts.values():
            for name, count in counts.items():
                one_of("class", name, self.kind.classes)
                if count < 1:
                    raise ValueError(f"class {name} has the count {count}: give at least 1")
        _ = self.shown  # is checked, too, before anything is drawn

    @cached_property
    def parts(self) -> dict[str, Counts]:
        """split -> class -> number of images."""
        if self.counts:
            train = self.counts
        elif self.imbalance is None:
            train = scaled_counts(self.kind, 540)
        else:
            train = scaled_counts(self.kind, 540, exponent=self.kind.exponent(self.imbalance), floor=1)
        return {"train": train, "test": self.test_counts or dict.fromkeys(self.kind.classes, 30)}

    @cached_property
    def shown(self) -> dict[tuple[str, str], dict[str, float]]:
        """(split, class) -> artefact -> share of images that show it."""
        kind = self.kind
        shortcut = one_of("shortcut_kind", self.shortcut_kind or kind.shortcut, kind.artefacts)
        usual = kind.artefacts | {shortcut: self.elsewhere}
        table = {(split, name): dict(usual) for split, name in product(("train", "test"), kind.classes)}
        table["train", kind.rare][shortcut] = self.shortcut
        for split, rates in (("train", self.rates), ("test", self.test_rates)):
            for artefact, rate in (rates or {}).items():
                one_of("artefact", artefact, kind.artefacts)
                if not isinstance(rate, Mapping):
                    rate = dict.fromkeys(kind.classes, rate)
                for name, share in rate.items():
                    one_of("class", name, kind.classes)
                    _check_range(artefact, share, (0, 1))
                    table[split, name][artefact] = share
        return table

    def plan(self) -> list[Planned]:
        """The images in their order: training, then test, class by class."""
        plan = []
        n = len(self.kind.classes)
        for split, counts in self.parts.items():
            drawn = np.repeat([self.kind.classes.index(name) for name in counts], list(counts.values()))
            labels = drawn.copy()
            if split == "train":
                rng = np.random.default_rng([self.seed, _LABEL_STREAM])
                wrong = rng.random(len(drawn)) < self.label_noise
                # From 1 to n - 1 classes further, so never the true one.
                labels[wrong] = ((drawn + rng.integers(1, n, len(drawn))) % n)[wrong]
            pairs = zip(drawn.tolist(), labels.tolist(), strict=True)
            plan += [Planned(split, number, true, label) for number, (true, label) in enumerate(pairs)]
        return plan

    def __call__(self, planned: Planned) -> Drawn:
        """Draw one image of the plan."""
        scene = self.kind.render(
            self.seed,
            planned.number,
            planned.drawn,
            self.size,
            train=planned.split == "train",
            rates=self._rates(planned),
            lesion_size=self.lesion_size,
            spread=self.spread,
        )
        boxes = self._loosened(scene.boxes, planned).tolist()
        return Drawn(scene.image, scene.mask, [tuple(box) for box in boxes], {"artefacts": list(scene.artefacts)})

    def draws(self, planned: Planned) -> tuple:
        """All that decides an image besides its number and its class: where it is equal, the image is."""
        knobs = (self.kind.name, self.seed, self.size, self.lesion_size, self.spread, self.looseness, self.jitter)
        return (*knobs, self._rates(planned))

    def _rates(self, planned: Planned) -> dict[str, float]:
        """artefact -> the probability that this image shows it; 0 or 1 for the shortcut of the rare class."""
        rates = self.shown[planned.split, self.kind.classes[planned.drawn]]
        if planned.split == "test" or planned.drawn != self.kind.classes.index(self.kind.rare):
            return rates
        return rates | {self.shortcut_kind or self.kind.shortcut: float(planned.number in self._misleading)}

    @cached_property
    def _misleading(self) -> frozenset[int]:
        """The training images of the rare class that show the shortcut: exactly their share.

        With a coin for each, 27 images at a share of .95 leave none to four without it, and it is those few that teach
        a network the disease: two seeds would be two experiments.
        """
        label = self.kind.classes.index(self.kind.rare)
        rare = [planned.number for planned in self.plan() if planned.split == "train" and planned.drawn == label]
        share = self.shown["train", self.kind.rare][self.shortcut_kind or self.kind.shortcut]
        order = np.random.default_rng([self.seed, _SHORTCUT_STREAM]).permutation(rare)
        return frozenset(order[: round(share * len(rare))].tolist())

    def _loosened(self, boxes: np.ndarray, planned: Planned) -> np.ndarray:
        """Boxes (k, 4) scaled about their middle, each side moved at random, clipped to the image."""
        sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)  # (k, 2) -> (k, 4)
        rng = np.random.default_rng([self.seed, planned.split == "train", planned.number, planned.drawn, _BOX_STREAM])
        outward = 0.5 * (self.looseness - 1) * np.array([-1, -1, 1, 1])
        moved = (boxes + sides * (outward + self.jitter * rng.normal(size=boxes.shape))).clip(0, self.size)
        narrow = (moved[:, 2:] - moved[:, :2]).min(axis=1, initial=self.size) < 1
        moved[narrow] = boxes[narrow]  # a box that jitter has turned inside out is none
        return moved

    def in_memory(self) -> Prepared:
        """The data set, nothing stored."""
        plan = self.plan()
        drawn = [self(planned) for planned in plan]
        samples, boxes = self._tables(plan, [Result(image.boxes, image.about) for image in drawn])
        images = np.stack([image.image for image in drawn])  # (n, s, s, 3)
        masks = np.stack([np.asarray(image.mask) for image in drawn])  # (n, s, s)
        return Prepared(images, samples, boxes, self.facts(), masks)

    def save(
        self, out: str | Path, workers: int | None = None, overwrite: bool = False, *, draw: Draw | None = None
    ) -> Prepared:
        """Write the data set as a folder with little memory; a run that was stopped resumes. Raises as `prepare`.

        Args:
            out: the folder.
            workers: processes, by default as many as there are cores.
            overwrite: replace an earlier set in that folder.
            draw: what gives the same images sooner, see `carekit.material.drawing.reused`.
        """
        if workers is not None and workers < 1:
            raise ValueError(f"workers = {workers} is too small: choose at least 1")
        with resumable_folder(out, self.facts() | {"version": carekit.__version__}, overwrite) as folder:
            count = sum(sum(part.values()) for part in self.parts.values())
            check_space(folder, count, self.size)  # before the plan, which of too many images fits in no memory
            plan = self.plan()
            results = fill(folder, plan, draw or self, self.size, workers)
            write_tables(folder, *self._tables(plan, results), self.facts())
        return Prepared.open(out)

    def _tables(self, plan: Sequence[Planned], results: Sequence[Result]) -> tuple[pd.DataFrame, pd.DataFrame]:
        ids = [f"{planned.split}-{planned.number:05d}" for planned in plan]
        samples = pd.DataFrame(
            {
                "image_id": ids,
                "label": [planned.label for planned in plan],
                "group": ids,
                "split": [planned.split for planned in plan],
                "drawn_as": [self.kind.classes[planned.drawn] for planned in plan],
                "artefacts": [";".join(result.about["artefacts"]) for result in results],
            }
        )
        rows: list[tuple] = []
        for name, result in zip(ids, results, strict=True):
            rows += [(name, *box) for box in result.boxes]
        return samples, pd.DataFrame(rows, columns=["image_id", *CORNERS])

    def facts(self) -> dict:
        """The facts of the data set, with all that it was made with."""
        made_with = {"seed": self.seed, "counts": self.parts} | {name: getattr(self, name) for name in _RANGES}
        made_with["rates"] = {f"{split} {name}": rates for (split, name), rates in self.shown.items()}
        return {
            "name": self.kind.name,
            "title": self.kind.title,
            "classes": list(self.kind.classes),
            "class_names": list(self.kind.class_names.values()),
            "rare": [self.kind.rare],
            "size": self.size,
            "licence": "MIT, made by carekit",
            "citation": f"carekit, {self.kind.title.lower()}",
            "source": "carekit.material.drawing",
            "split": "training and test images are drawn apart",
            "made_with": made_with,
        }


def _check_range(name: str, value: float, bounds: tuple[float, float]) -> None:
    low, high = bounds
    if not low <= value <= high:
        raise ValueError(f"{name} = {value} is out of range: choose a number from {low} to {high}")


def draw(kind: Kind, *arguments: Any, **knobs: Any) -> Prepared:
    """A data set of this kind in memory: see `Recipe` for the knobs."""
    return Recipe(kind, *arguments, **knobs).in_memory()
