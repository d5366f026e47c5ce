"""What a study is: a table or figure of the paper, what it trains, and what it measures."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from carekit.experiment import PRETRAINED, compare
from carekit.experiment.profiles import Profile
from carekit.paper import CLAIMS, Claim
from carekit.paper.tables import Data
from carekit.research.studies.ground import Ground
from carekit.research.studies.row import DEEPLAB, Row
from carekit.research.studies.scoring import tidy
from carekit.strategies import STRATEGIES

BOTH: tuple[Data, ...] = ("skin", "chest")
SKIN: tuple[Data, ...] = ("skin",)


@dataclass(frozen=True)
class Study(ABC):
    """One table or figure.

    Args:
        name: of its results: "table5".
        where: its place in the paper: "Table 5".
        about: what it compares, in our words.
        kinds: on which of the paper's two data sets, "skin" and "chest".
        metrics: what it is about, by their names in the results.
    """

    name: str
    where: str
    about: str
    kinds: tuple[Data, ...] = BOTH
    metrics: tuple[str, ...] = ("rare_recall", "mca")

    @abstractmethod
    def run(self, ground: Ground, seeds: Sequence[int]) -> pd.DataFrame:
        """Tidy rows of one ground: arm, seed where it trains, and its numbers."""

    @property
    def claims(self) -> list[Claim]:
        """What the paper claims there."""
        return [claim for claim in CLAIMS if claim.where == self.where]

    def as_claimed(self, table: pd.DataFrame) -> pd.DataFrame:
        """Its results with one row an arm and seed, under the names that the claims use."""
        return table


@dataclass(frozen=True)
class Comparison(Study):
    """A study that trains arms: rows of a table, and beside each plain use of CARE the same with wrong boxes.

    A row whose strategy needs the images themselves has no wrong boxes beside it: kept features do not serve it.

    Args:
        rows: label, as the paper's table has it, -> how it is trained.
        pairs: arm -> the row that it is compared with, the same second stage without attention.
        stand_ins: rows in place of these, with pairs of their own, but in the paper's profile.
    """

    rows: Mapping[str, Row] = field(default_factory=dict)
    pairs: Mapping[str, str] = field(default_factory=dict)
    stand_ins: "Comparison | None" = None

    @property
    def claims(self) -> list[Claim]:
        """What the paper claims there, and the same of what stands in for its rows."""
        ours = self.stand_ins.pairs if self.stand_ins else {}
        return super().claims + [
            Claim(self.where, kind, metric, arm, "above", control)
            for arm, control in ours.items()
            for kind in BOTH
            for metric in self.metrics
        ]

    def chosen(self, profile: Profile) -> "Comparison":
        """What is trained in this profile: itself, or what stands in for it."""
        return self if self.stand_ins is None or profile.name == "paper" else self.stand_ins

    def with_controls(self) -> tuple[dict[str, Row], dict[str, str]]:
        """All rows, those with wrong boxes among them, and arm -> control."""
        rows, pairs = dict(self.rows), dict(self.pairs)
        for label, row in self.rows.items():
            if STRATEGIES[row.strategy].needs_images:  # trained on the images themselves, at many times the cost
                continue
            for kind, control in row.controls().items():
                if label in self.pairs:
                    rows[f"{label}, {kind}"] = control
                    pairs[f"{label}, {kind}"] = self.pairs[label]
        return rows, pairs

    def run(self, ground: Ground, seeds: Sequence[int]) -> pd.DataFrame:
        rows, pairs = self.chosen(ground.lesson.profile).with_controls()
        missing = [label for label, row in rows.items() if row.boxes == DEEPLAB and not ground.can_segment]
        if missing:
            print(f"{', '.join(missing)}: left out, since no segmentation is given (--segmentation FILE)")
        backbones = {label: row.backbone for label, row in rows.items() if label not in missing}
        parts = []
        for backbone in dict.fromkeys(backbones.values()):
            here = ground.with_backbone(backbone)
            arms = {label: rows[label].arm(here) for label, own in backbones.items() if own == backbone}
            runs = compare(here.lesson.data, here.lesson.profile, arms, seeds)
            found = tidy([each for each in runs if each.arm != PRETRAINED], pairs, here.lesson)
            parts.append(found.assign(backbone=here.lesson.profile.backbone))
        return pd.concat(parts, ignore_index=True)
