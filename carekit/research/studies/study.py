"""What a study is: a table or figure of the paper, what it trains, and what it measures."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from carekit.experiment.profiles import Profile
from carekit.paper import CLAIMS, Claim
from carekit.paper.tables import Data
from carekit.research.studies.arm_spec import DEEPLAB, ArmSpec
from carekit.research.studies.condition import Condition
from carekit.research.studies.engine import compare_arms
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
    def run(self, here: Condition, seeds: Sequence[int]) -> pd.DataFrame:
        """Tidy rows under one condition: arm, seed if it trains, and its numbers."""

    @property
    def claims(self) -> list[Claim]:
        """What the paper claims there."""
        return [claim for claim in CLAIMS if claim.where == self.where]

    def as_claimed(self, table: pd.DataFrame) -> pd.DataFrame:
        """Its results with one row an arm and seed, under the names that the claims use."""
        return table


@dataclass(frozen=True)
class Comparison(Study):
    """A study that trains arms: rows of a table, and next to each plain use of CARE the same with wrong boxes.

    A row whose strategy needs the images themselves has no wrong boxes next to it: kept features do not serve it.

    Args:
        rows: label, as the paper's table has it, -> how it is trained.
        pairs: arm -> the row that it is compared with, the same second stage without attention.
        stand_ins: rows in place of these, with pairs of their own, in every profile but the paper's.
    """

    rows: Mapping[str, ArmSpec] = field(default_factory=dict)
    pairs: Mapping[str, str] = field(default_factory=dict)
    stand_ins: "Comparison | None" = None

    @property
    def claims(self) -> list[Claim]:
        """What the paper claims there, and the same of the rows in place of its own."""
        claims = super().claims
        for arm, control in (self.stand_ins.pairs if self.stand_ins else {}).items():
            for kind in BOTH:
                claims += [Claim(self.where, kind, metric, arm, "above", control) for metric in self.metrics]
        return claims

    def chosen(self, profile: Profile) -> "Comparison":
        """What is trained in this profile: itself, or what is in its place."""
        return self if self.stand_ins is None or profile.name == "paper" else self.stand_ins

    def with_controls(self) -> tuple[dict[str, ArmSpec], dict[str, str]]:
        """All rows, those with wrong boxes among them, and arm -> control."""
        rows, pairs = dict(self.rows), dict(self.pairs)
        for label, row in self.rows.items():
            # What is trained on the images themselves costs many times as much.
            if label in self.pairs and not STRATEGIES[row.strategy].needs_images:
                for kind, wrong in row.controls().items():
                    rows[f"{label}, {kind}"] = wrong
                    pairs[f"{label}, {kind}"] = self.pairs[label]
        return rows, pairs

    def run(self, here: Condition, seeds: Sequence[int]) -> pd.DataFrame:
        rows, pairs = self.chosen(here.lesson.profile).with_controls()
        left_out = [label for label, row in rows.items() if row.boxes == DEEPLAB and not here.can_segment]
        if left_out:
            print(f"{', '.join(left_out)}: left out, since no segmentation is given (--segmentation FILE)")
        # One comparison has one network: rows are trained together by backbone.
        by_backbone: dict[str | None, dict[str, ArmSpec]] = {}
        for label, row in rows.items():
            if label not in left_out:
                by_backbone.setdefault(row.backbone, {})[label] = row
        parts = []
        for backbone, of_backbone in by_backbone.items():
            there = here.with_backbone(backbone)  # its images may have another size
            arms = {label: row.arm(there) for label, row in of_backbone.items()}
            parts.append(compare_arms(there.lesson, arms, pairs, seeds).assign(backbone=there.lesson.profile.backbone))
        return pd.concat(parts, ignore_index=True)
