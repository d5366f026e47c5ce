"""Fig. 9: loss, MCA and recall of the rare class over the epochs of the stage with CARE."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from carekit.experiment import WATCHED, compare
from carekit.research.studies.ground import Ground
from carekit.research.studies.row import Row
from carekit.research.studies.study import SKIN, Study

COLUMNS = ("epoch", "loss", "L_c", "L_in", "L_out", "mca", "rare_recall", "attention_inside")
ROWS = {"baseline": Row(), "CARE": Row(care=True)}


@dataclass(frozen=True)
class Curves(Study):
    """One row an epoch: losses of training, and metrics of the first test images of each class.

    No epoch is chosen by them.
    """

    def run(self, ground: Ground, seeds: Sequence[int]) -> pd.DataFrame:
        arms = {label: row.arm(ground) for label, row in ROWS.items()}
        runs = compare(ground.lesson.data, ground.lesson.profile, arms, seeds, watched=WATCHED)
        parts = [run.history.reindex(columns=list(COLUMNS)).assign(arm=run.arm, seed=run.seed) for run in runs]
        return pd.concat(parts, ignore_index=True)

    def as_claimed(self, table: pd.DataFrame) -> pd.DataFrame:
        care = table[table.arm == "CARE"]
        ends = {"first epoch": care.epoch.min(), "last epoch": care.epoch.max()}
        return pd.concat([care[care.epoch == epoch].assign(arm=arm) for arm, epoch in ends.items()], ignore_index=True)


STUDY = Curves(
    name="fig9",
    where="Fig. 9",
    about="loss, MCA and recall of the rare class over the epochs of the second stage with CARE",
    kinds=SKIN,
    metrics=("loss", "mca", "rare_recall"),
)
