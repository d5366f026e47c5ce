"""The studies of figures that compare no arms: counts of images, curves over the epochs, overlaps of boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from carekit.data.batches import boxed_rows
from carekit.experiment import WATCHED, compare
from carekit.material.autobox import quality
from carekit.research.setting import found_boxes
from carekit.research.studies.arm_spec import BOXES, DEEPLAB, TRUE, ArmSpec
from carekit.research.studies.condition import Condition
from carekit.research.studies.study import Study


@dataclass(frozen=True)
class Counts(Study):
    """Images of each class, of both parts; nothing is trained."""

    def run(self, here: Condition, seeds: Sequence[int]) -> pd.DataFrame:
        rows = []
        for part in ("train", "test"):
            counts = here.lesson.data.split(part).counts()
            rows.append({"arm": part} | {f"images_{name}": n for name, n in counts.items()})
        return pd.DataFrame(rows)


@dataclass(frozen=True)
class Curves(Study):
    """One row an epoch: losses of training, and metrics of the first test images of each class.

    No epoch is chosen by them.
    """

    def run(self, here: Condition, seeds: Sequence[int]) -> pd.DataFrame:
        columns = ["epoch", "loss", "L_c", "L_in", "L_out", "mca", "rare_recall", "attention_inside"]
        arms = {"baseline": ArmSpec().arm(here), "CARE": ArmSpec(care=True).arm(here)}
        runs = compare(here.lesson.data, here.lesson.profile, arms, seeds, watched=WATCHED)
        # The pretrained run has no attention yet: its columns are empty.
        parts = [run.history.reindex(columns=columns).assign(arm=run.arm, seed=run.seed) for run in runs]
        return pd.concat(parts, ignore_index=True)

    def as_claimed(self, table: pd.DataFrame) -> pd.DataFrame:
        # A claim compares two arms: here the first epoch and the last of one.
        care = table[table.arm == "CARE"]
        ends = {"first epoch": care.epoch.min(), "last epoch": care.epoch.max()}
        return pd.concat([care[care.epoch == epoch].assign(arm=arm) for arm, epoch in ends.items()], ignore_index=True)


@dataclass(frozen=True)
class Overlaps(Study):
    """One row a kind of boxes: its overlap with the true ones, next to a box in the middle; only the segmentation is
    trained."""

    def run(self, here: Condition, seeds: Sequence[int]) -> pd.DataFrame:
        train = here.lesson.train
        true = {i: train.boxes_of(i) for i in boxed_rows(train)}
        # The floor: what a box that sees no image overlaps with the true one.
        middle = quality.overlap_table(quality.centred(true, train.size), true, train.size)
        rows = [{"arm": "centred box of mean size"} | quality.summary(middle)]
        for boxes in BOXES:
            if boxes != TRUE and (boxes != DEEPLAB or here.can_segment):
                source = ArmSpec(care=True, boxes=boxes).arm(here).boxes
                rows.append({"arm": boxes} | quality.summary(found_boxes.judge_source(here.lesson, source)))
        return pd.DataFrame(rows)
