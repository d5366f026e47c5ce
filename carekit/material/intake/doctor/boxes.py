"""Boxes that are missing, outside their image, or of a size that teaches nothing."""

import numpy as np
import pandas as pd

from carekit.data.prepared.schema import CORNERS
from carekit.material.intake.doctor.report import Report
from carekit.material.intake.layouts.layout import and_more
from carekit.material.intake.preparing.from_files import TINY

FULL = 0.98  # of the image: a box as large as this leaves no outside


def check_boxes(report: Report, boxes: pd.DataFrame, sizes: pd.DataFrame, names: pd.Series, rare: list[str]) -> None:
    """Add findings on boxes.

    Args:
        boxes: image_id and corners in pixels.
        sizes: columns w and h of the images, by image_id.
        names: the classes of these images, in the same order.
        rare: the classes to attend to.
    """
    if boxes.empty:
        text = "there is no box: lessons 1 and 2 can be run, the others need boxes or lesion masks"
        report.add("warning", "boxes", text)
        return
    without = sizes.index[~sizes.index.isin(boxes.image_id) & names.isin(rare).to_numpy()]
    if len(without):
        text = f"{and_more(without)} of the rare class have no box: they get no attention loss"
        report.add("warning", "boxes", text)
    at = sizes.loc[boxes.image_id]
    w = at.w.to_numpy()
    h = at.h.to_numpy()
    corners = boxes[CORNERS].to_numpy(float)
    inside = corners.clip(0, np.stack([w, h, w, h], 1))
    width = inside[:, 2] - inside[:, 0]
    height = inside[:, 3] - inside[:, 1]
    beyond = np.abs(corners - inside).max(1) > 1e-6
    gone = (width <= 0) | (height <= 0)
    tiny = ~gone & (np.minimum(width, height) < TINY)
    full = ~gone & (width * height >= FULL * w * h)
    for level, bad, words in (
        ("error", gone, "lie outside the image: correct or remove them"),
        ("warning", beyond & ~gone, "reach beyond the image and are clipped: are they in this image's pixels?"),
        ("warning", tiny, f"are narrower than {TINY:g} pixels: remove them, or draw them larger"),
        ("warning", full, "fill the image, so that nothing is outside and the outer loss is 0: draw them tighter"),
    ):
        if bad.any():
            example = boxes.image_id[bad].iloc[0]
            report.add(level, "boxes", f"{int(bad.sum())} box(es), such as that of {example}, {words}")
