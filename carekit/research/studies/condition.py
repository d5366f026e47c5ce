"""What a study runs on: one data set, with or without a mark that misleads, at a profile's size."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from carekit.experiment.profiles import profile, with_backbone
from carekit.material.drawing import KINDS
from carekit.research.setting import found_boxes
from carekit.research.setting.parameters import check_parameters
from carekit.research.setting.setting import ELSEWHERE, Setting, load

DRAWN = {"skin": "synthetic", "chest": "synthetic-chest"}  # kind of images in the paper -> the drawn set
CLEAN, MISLED = "no mark", "mark"
SHORTCUT = {CLEAN: ELSEWHERE, MISLED: 0.95}  # share of the rarest class's training images that show the mark


@dataclass(frozen=True)
class Condition:
    """A data set under one condition.

    Args:
        lesson: the data at the profile's size, and the parameters that made it.
        condition: "no mark", or "mark": the training images of the rarest class have a mark that misleads.
        segmentation: weights of a segmentation for real images; drawn ones train their own.
    """

    lesson: Setting
    condition: str
    segmentation: str | None = None

    @property
    def kind(self) -> str:
        """Which of the paper's two data sets this one represents: "skin", "chest", or "" for neither."""
        for name, kind in (("df", "skin"), ("opacity", "chest")):
            if name in self.lesson.data.classes:
                return kind
        return ""

    @property
    def can_segment(self) -> bool:
        """Whether there is a segmentation, or masks of another set to train one with."""
        return self.lesson.drawn or self.segmentation is not None

    def segmenter(self) -> str:
        """The file of a segmentation's weights. Raises ValueError without one."""
        return self.segmentation or found_boxes.train_segmenter(self.lesson)

    def with_backbone(self, name: str | None) -> "Condition":
        """The same data for another network, at the size that its profile has; None keeps the profile's network."""
        if name is None:
            return self
        chosen = with_backbone(self.lesson.profile, name)
        # Data at the same size are the same images: they are not drawn or shrunk again.
        data = self.lesson.data
        if chosen.size != self.lesson.profile.size:
            data = load(self.lesson.parameters, chosen)
        return replace(self, lesson=replace(self.lesson, profile=chosen, data=data))

    def about(self) -> dict[str, str]:
        """The columns that say where a run belongs."""
        name = self.lesson.data.facts["name"]
        return {"data": self.kind or name, "set": name, "condition": self.condition}


def conditions(kinds: Sequence[str], options: dict[str, Any], segmentation: str | None = None) -> list[Condition]:
    """The conditions that a study on these kinds of images runs under.

    Args:
        kinds: "skin", "chest".
        options: parameters of the lessons: profile, and perhaps data, one of the drawn sets, or a prepared folder that
            takes their place, with `mark` to plant one on it.
        segmentation: see `Condition`.

    Returns:
        Of each drawn set one without and one with the mark; of a prepared folder one as it is, and another with the
        mark if one is given.

    Raises:
        ValueError, OSError: as `carekit.research.setting.setting.load`.
    """
    # Drawn images: both conditions differ in one share of the recipe.
    given = options.get("data")
    if given is None or given in KINDS:
        names = [DRAWN[kind] for kind in kinds] if given is None else [given]
        each = product(names, SHORTCUT.items())
        return [open_condition(options | {"data": name, "shortcut": share}, which) for name, (which, share) in each]
    # Real images: as they are, and with a mark planted on them.
    found = [open_condition(options | {"mark": ""}, CLEAN, segmentation)]
    if options.get("mark"):
        found.append(open_condition(options, MISLED, segmentation))
    return found


def open_condition(options: dict[str, Any], condition: str, segmentation: str | None = None) -> Condition:
    """One condition of the data that the lessons' parameters `options` name. Raises as `conditions`."""
    parameters = check_parameters(options)
    chosen = profile(parameters["profile"])
    return Condition(Setting(parameters, load(parameters, chosen), chosen), condition, segmentation)
