"""The first cell of every lesson: check the parameters, open the data at the profile's size."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from carekit.data.prepared import Prepared
from carekit.experiment import Arm
from carekit.experiment.box_sources import Scaled
from carekit.experiment.profiles import Profile, profile
from carekit.ground import workspace
from carekit.ground.folders import whole_file
from carekit.ground.orphans import end_quickly
from carekit.material.drawing import KINDS, Kind, Recipe, scaled_counts
from carekit.material.drawing.marks import plant_shortcut
from carekit.objectives import Care
from carekit.research.setting.drawn import load_drawn
from carekit.research.setting.parameters import NotebookParameters, assigned_names, check_parameters

ELSEWHERE = 0.03  # share of all other images that show the mark
_INJECTED = "# Parameters\n"  # papermill's first line of the cell that it adds


class NoBoxes(ValueError):
    """The data set has no boxes for its rarest class, and the lesson is about them."""


@dataclass(frozen=True)
class Setting:
    """What a lesson works with: checked parameters, the data at the profile's size, and the objective.

    Args:
        parameters: name -> value; those of a notebook follow its variables, see `NotebookParameters`.
        data: the data set, at the profile's size.
        profile: how large the data are, and how networks are trained.
    """

    parameters: Mapping[str, Any]
    data: Prepared
    profile: Profile

    @property
    def train(self) -> Prepared:
        return self.data.split("train")

    @property
    def test(self) -> Prepared:
        return self.data.split("test")

    @property
    def rare(self) -> str:
        """The rarest class."""
        return self.data.rare[0]

    @property
    def seeds(self) -> list[int]:
        return [self.parameters["seed"] + i for i in range(self.parameters["seeds"])]

    @property
    def care(self) -> Care:
        return Care(alpha=self.parameters["alpha"], tau=self.parameters["tau"], lam=self.parameters["lam"])

    @property
    def arm(self) -> Arm:
        return Arm(self.care, Scaled(self.parameters["box_scale"]))

    @property
    def drawn(self) -> bool:
        """Whether the images are drawn from a seed, so that a shortcut can be put in and taken out."""
        return self.parameters["data"] in KINDS

    @property
    def kind(self) -> Kind:
        """What is drawn. Raises ValueError for a data set that is not."""
        if not self.drawn:
            raise ValueError(f"{self.data.facts['title']} is not drawn: it has no recipe")
        return KINDS[self.parameters["data"]]

    @property
    def mark(self) -> str:
        """Name of the misleading mark: that of the drawn kind, or the parameter `mark` (default ink) on real images."""
        if self.drawn:
            return self.kind.shortcut
        return self.parameters["mark"] or "ink"

    @property
    def misled(self) -> bool:
        """Whether the rare class's training images have a mark that others have less often."""
        return (self.drawn or bool(self.parameters["mark"])) and self.parameters["shortcut"] > ELSEWHERE

    def recipe(self, **knobs: Any) -> Recipe:
        """The recipe of the drawn data, with other knobs if some are given. Raises ValueError as `kind`."""
        return recipe(self.kind, self.parameters, self.profile, **knobs)

    def without_mark(self) -> "Setting":
        """The same lesson on data whose rare class has the mark no more often than the others."""
        parameters = {**self.parameters, "shortcut": ELSEWHERE}
        return replace(self, parameters=parameters, data=load(parameters, self.profile, self.parameters))

    def skewed_rows(self) -> np.ndarray:
        """Rows of test images in the proportions of training: all of the largest class, the first of each other."""
        test, counts = self.test, self.train.counts()
        available = test.counts()
        # As many test images of the largest class as there are; of the others in proportion, and at least one.
        share = min(available[name] / counts[name] for name in counts if counts[name] == max(counts.values()))
        wanted = {name: min(available[name], max(1, round(share * n))) for name, n in counts.items()}
        place = test.samples.groupby("label").cumcount().to_numpy()  # 0, 1, 2, ... within each class
        most = np.array([wanted[name] for name in test.classes])[test.labels]
        return np.flatnonzero(place < most)

    def rare_rows(self, split: Prepared, boxed: bool = True) -> np.ndarray:
        """Row numbers of the rarest class's images, by default of those that have a box."""
        rows = np.flatnonzero(split.labels == split.classes.index(self.rare))  # in the order of the split
        return np.array([i for i in rows if len(split.boxes_of(i)) or not boxed], dtype=int)

    def __str__(self) -> str:
        counts = f"{len(self.train)} training and {len(self.test)} test images at {self.data.size} px"
        note = self.profile.note and f" ({self.profile.note})"
        rare = f"rare class {self.rare} with {self.train.counts()[self.rare]} training images"
        return f"{self.data.facts['title']}: {counts}, {rare}; profile {self.profile.name}{note}"

    def save(self, **results: Any) -> None:
        """Write the parameters and these results as JSON to the file that `results` names, if it names one."""
        if not self.parameters["results"]:
            return
        path = Path(self.parameters["results"])
        content = {"parameters": self.parameters, "data": self.data.facts["title"], "figures": results}
        with whole_file(path) as new:
            new.write_text(json.dumps(_plain(content), indent=1, allow_nan=False) + "\n", encoding="utf-8")


def open_setting(namespace: Mapping[str, Any], needs_boxes: bool = False) -> Setting:
    """Set a lesson up from the notebook's `globals()`, which hold the parameters.

    Raises ValueError, in one sentence, for a parameter out of range or one that papermill was given and no lesson has,
    and NoBoxes if the lesson needs boxes in both parts and the data set has none.
    """
    if "In" in namespace:  # the kernel of a lesson
        end_quickly()
    # Papermill only warns of an unknown name: its cell is read once more here.
    for cell in namespace.get("In", []):
        if cell.startswith(_INJECTED):
            check_parameters(assigned_names(cell))
    parameters = NotebookParameters(namespace)
    chosen = profile(parameters["profile"])
    lesson = Setting(parameters, load(parameters, chosen), chosen)
    if needs_boxes and not all(len(lesson.rare_rows(part)) for part in (lesson.train, lesson.test)):
        raise NoBoxes(
            f"{lesson.data.facts['title']} has no box for its rare class {lesson.rare} in the training or the test "
            "part: lessons 1 and 2 can be run, this one needs boxes or lesion masks"
        )
    return lesson


def load(parameters: Mapping[str, Any], chosen: Profile, like: Mapping[str, Any] | None = None) -> Prepared:
    """The data set that the parameters name, capped and at the profile's size; `like`: as `load_drawn`, parameters."""
    if parameters["data"] in KINDS:
        kind = KINDS[parameters["data"]]
        other = recipe(kind, like, chosen) if like else None
        data = load_drawn(recipe(kind, parameters, chosen), other)
    else:
        data = Prepared.open(workspace.resolve(parameters["data"]))
        data.verify_once()
    # Capped before it is resized: images that are left out are never read.
    data = data.capped(parameters["max_per_class"] or None, parameters["seed"]).resized(chosen.size)
    if parameters["data"] in KINDS or not parameters["mark"]:
        return data
    shares = {"shortcut": parameters["shortcut"], "elsewhere": ELSEWHERE}
    return plant_shortcut(data, parameters["mark"], **shares, seed=parameters["seed"])


def recipe(kind: Kind, parameters: Mapping[str, Any], chosen: Profile, **knobs: Any) -> Recipe:
    """The recipe of a drawn data set with these parameters, with other knobs if some are given."""
    usual: dict[str, Any] = {
        "seed": parameters["seed"],
        "size": chosen.size,
        "counts": scaled_counts(kind, chosen.images, chosen.exponent),
        "test_counts": dict.fromkeys(kind.classes, chosen.test_images),
        "shortcut": parameters["shortcut"],
        "elsewhere": ELSEWHERE,
    }
    return Recipe(kind, **usual | knobs)


def _plain(value: Any) -> Any:
    """Numbers of NumPy as Python's own; what is no number as null, since JSON knows no NaN."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
