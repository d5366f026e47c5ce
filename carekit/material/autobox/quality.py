"""How good boxes are: overlap with the true ones, what they hold of them, how large they are, how far off."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float

from carekit.method import boxes as geometry

Boxes = Float[np.ndarray, "_ 4"]
MISSED = 0.3  # an overlap below it is a failure
METRICS = ("iou", "coverage", "size_ratio", "centre_error")


def compare(found: Boxes, true: Boxes, size: int) -> dict[str, float]:
    """One image's boxes against its true ones; of several boxes their union counts, in whole pixels.

    Args:
        found: the boxes to judge; none counts as an overlap of 0.
        true: the true boxes, at least one.
        size: height and width of the image.

    Returns:
        iou: intersection over union, in [0, 1]. coverage: the share of the true area that is found, in [0, 1].
        size_ratio: found area / true area. centre_error: between the centres of mass, a share of the image's diagonal;
        NaN without a box.
    """
    a = geometry.rasterise(found, (size, size)).astype(bool)  # (h, w)
    b = geometry.rasterise(true, (size, size)).astype(bool)  # (h, w)
    both = (a & b).sum()
    off = np.nan
    if a.any():
        # Centres of mass in pixels; the diagonal is the longest distance that there is.
        off = np.hypot(*(np.argwhere(a).mean(0) - np.argwhere(b).mean(0))) / (size * np.sqrt(2))
    return {
        "iou": float(both / (a | b).sum()),
        "coverage": float(both / b.sum()),
        "size_ratio": float(a.sum() / b.sum()),
        "centre_error": float(off),
    }


def overlap_table(found: Mapping[int, Boxes], true: Mapping[int, Boxes], size: int) -> pd.DataFrame:
    """`compare` for each row of `true` that has boxes, one line each; a row that is not in `found` has none."""
    none = np.zeros((0, 4))
    lines = [{"row": i} | compare(found.get(i, none), boxes, size) for i, boxes in true.items() if len(boxes)]
    return pd.DataFrame(lines, columns=["row", *METRICS])


def summary(overlaps: pd.DataFrame) -> dict[str, float]:
    """Of the images in an `overlap_table`: their number, the overlap's spread, the share below 0.3, other medians."""
    iou = overlaps.iou
    return {
        "images": len(overlaps),
        "iou_median": iou.median(),
        "iou_mean": iou.mean(),
        "iou_quartile_1": iou.quantile(0.25),
        "iou_quartile_3": iou.quantile(0.75),
        "below_0.3": (iou < MISSED).mean(),
        "coverage": overlaps.coverage.median(),
        "size_ratio": overlaps.size_ratio.median(),
        "centre_error": overlaps.centre_error.median(),
    }


def centred(true: Mapping[int, Boxes], size: int) -> dict[int, Boxes]:
    """The floor: for every row the same box in the middle, with the mean width and height of the true ones."""
    corners = np.concatenate([boxes for boxes in true.values() if len(boxes)])  # (n, 4)
    width, height = (corners[:, 2:] - corners[:, :2]).mean(0)
    middle = size / 2
    box = np.array([[middle - width / 2, middle - height / 2, middle + width / 2, middle + height / 2]])
    return {i: box for i in true}
