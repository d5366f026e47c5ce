"""Fig. 13: boxes found by saliency and by segmentation, against the true ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from carekit.data.batches import boxed_rows
from carekit.material.autobox import quality
from carekit.research.setting import found_boxes
from carekit.research.studies.ground import Ground
from carekit.research.studies.row import BOXES, DEEPLAB, TRUE, Row
from carekit.research.studies.study import SKIN, Study

FLOOR = "centred box of mean size"


@dataclass(frozen=True)
class Overlaps(Study):
    """One row a kind of boxes: its overlap with the true ones, beside a box in the middle; nothing is trained but the
    segmentation."""

    def run(self, ground: Ground, seeds: Sequence[int]) -> pd.DataFrame:
        train = ground.lesson.train
        true = {i: train.boxes_of(i) for i in boxed_rows(train)}
        rows = [
            {"arm": FLOOR} | quality.summary(quality.overlap_table(quality.centred(true, train.size), true, train.size))
        ]
        for boxes in BOXES:
            if boxes != TRUE and (boxes != DEEPLAB or ground.can_segment):
                source = Row(care=True, boxes=boxes).arm(ground).boxes
                rows.append({"arm": boxes} | quality.summary(found_boxes.judge_source(ground.lesson, source)))
        return pd.DataFrame(rows)


STUDY = Overlaps(
    name="fig13",
    where="Fig. 13",
    about="boxes by saliency (DSR) and by segmentation (DeepLabV3) against true ones",
    kinds=SKIN,
    metrics=("iou_mean",),
)
