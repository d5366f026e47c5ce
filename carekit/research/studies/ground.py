"""What a study stands on: one data set, with or without a mark that misleads, at a profile's size."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from carekit.experiment.profiles import profile, with_backbone
from carekit.material.drawing import KINDS
from carekit.research.setting import found_boxes
from carekit.research.setting.parameters import check_parameters
from carekit.research.setting.setting import ELSEWHERE, Setting, load

DRAWN = {"skin": "synthetic", "chest": "synthetic-chest"}  # kind of images in the paper -> the drawn set
CLEAN, MISLED = "no mark", "mark"


@dataclass(frozen=True)
class Ground:
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
        """Which of the paper's two data sets this one stands for: "skin", "chest", or "" for neither."""
        classes = self.lesson.data.classes
        return "skin" if "df" in classes else "chest" if "opacity" in classes else ""

    @property
    def can_segment(self) -> bool:
        """Whether there is a segmentation, or masks of another set to train one with."""
        return self.lesson.drawn or self.segmentation is not None

    def segmenter(self) -> str:
        """The file of a segmentation's weights. Raises ValueError where there is none."""
        return self.segmentation or found_boxes.train_segmenter(self.lesson)

    def with_backbone(self, name: str | None) -> "Ground":
        """The same data for another network, at the size that its profile has; None keeps the profile's network."""
        if name is None:
            return self
        chosen = with_backbone(self.lesson.profile, name)
        data = self.lesson.data
        if chosen.size != self.lesson.profile.size:
            data = load(self.lesson.parameters, chosen)
        return replace(self, lesson=replace(self.lesson, profile=chosen, data=data))

    def about(self) -> dict[str, str]:
        """The columns that say where a run belongs."""
        return {
            "data": self.kind or self.lesson.data.facts["name"],
            "set": self.lesson.data.facts["name"],
            "condition": self.condition,
        }


def grounds(kinds: Sequence[str], options: dict[str, Any], segmentation: str | None = None) -> list[Ground]:
    """What a study on these kinds of images stands on.

    Args:
        kinds: "skin", "chest".
        options: parameters of the lessons: profile, and perhaps data, one of the drawn sets, or a prepared folder that
            takes their place, with `mark` to plant one on it.
        segmentation: see `Ground`.

    Returns:
        Of each drawn set, one ground without and one with the mark; of a prepared folder one as it is, and where a
        mark is given one with it.

    Raises:
        ValueError, OSError: as `carekit.research.setting.setting.load`.
    """
    given = options.get("data")
    if given is None or given in KINDS:
        drawn = [DRAWN[kind] for kind in kinds] if given is None else [given]
        parts = [(name, condition) for name in drawn for condition in (CLEAN, MISLED)]
        share = {CLEAN: ELSEWHERE, MISLED: 0.95}
        return [_ground(options | {"data": name, "shortcut": share[which]}, which) for name, which in parts]
    found = [_ground(options | {"mark": ""}, CLEAN, segmentation)]
    if options.get("mark"):
        found.append(_ground(options, MISLED, segmentation))
    return found


def _ground(options: dict[str, Any], condition: str, segmentation: str | None = None) -> Ground:
    parameters = check_parameters(options)
    chosen = profile(parameters["profile"])
    return Ground(Setting(parameters, load(parameters, chosen), chosen), condition, segmentation)
