"""Whether wrong boxes help as much as true ones."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from carekit.method.metrics import EQUAL_RECALL, mean_and_half_width
from carekit.research.figures.wording import interval
from carekit.research.studies.arm_spec import RANDOM, SHUFFLED
from carekit.research.studies.verdicts import paired

METRICS = ("rare_recall", EQUAL_RECALL, "mca", "attention_inside")


def wrong_boxes(table: pd.DataFrame, pairs: Mapping[str, str], metrics: Sequence[str] = METRICS) -> pd.DataFrame:
    """What each use of CARE gains over its control with true and with wrong boxes, and by how much true ones gain more.

    Args:
        table: tidy rows of one study.
        pairs: arm -> control.
        metrics: which gains.

    Returns:
        One row an arm, data set, condition, metric and kind of wrong boxes: gain (true boxes), gain_wrong, and their
        paired difference with its 95 % half width: difference, half.
    """
    rows = []
    for (data, condition), group in table.groupby(["data", "condition"], sort=False):
        for arm, control in pairs.items():
            for kind in (SHUFFLED, RANDOM):
                wrong = f"{arm}, {kind} boxes"
                if not {arm, control, wrong} <= set(group.arm):
                    continue
                for metric in (name for name in metrics if name in group):
                    # Both gains are over the same control and seeds, so their difference is paired, too.
                    gain = paired(group, arm, control, metric)
                    gain_wrong = paired(group, wrong, control, metric)
                    difference, half = mean_and_half_width(gain - gain_wrong)
                    about = {"data": data, "condition": condition, "arm": arm, "metric": metric, "boxes": kind}
                    means = {"gain": gain.mean(), "gain_wrong": gain_wrong.mean()}
                    rows.append(about | means | {"difference": difference, "half": half})
    return pd.DataFrame(rows)


def compared(wrong: pd.DataFrame) -> pd.DataFrame:
    """`wrong_boxes` of one arm as a table to read.

    Returns:
        A row a metric, data set and condition: the gains with true and with wrong boxes, their paired difference, and
        whether the true gain is larger.
    """
    rows: dict[tuple[str, str], dict[tuple[str, str], Any]] = {}
    for metric, group in wrong.groupby("metric", sort=False):
        for row in group.itertuples():
            # One line for all kinds of wrong boxes: the gain with true ones is the same in all of them.
            columns = rows.setdefault((metric, f"{row.data}, {row.condition}"), {("true", "gain"): row.gain})
            columns[row.boxes, "gain"] = row.gain_wrong
            columns[row.boxes, "true − these"] = interval(row.difference, row.half, sign="+")
            columns[row.boxes, "the true gain is"] = _size(row.difference, row.half)
    return pd.DataFrame.from_dict(rows, orient="index")


def in_words(wrong: pd.DataFrame) -> str:
    """How often the gain with true boxes is larger, for each kind of wrong boxes."""
    sizes = wrong.assign(size=[_size(row.difference, row.half) for row in wrong.itertuples()])
    lines = []
    for boxes, group in sizes.groupby("boxes", sort=False):
        counts = group["size"].value_counts().sort_index()
        lines.append(f"{boxes} ones, {', '.join(f'{n} times {size}' for size, n in counts.items())}")
    return f"With true boxes the gain is, compared with {'; with '.join(lines)}."


def _size(difference: float, half: float) -> str:
    """What the difference of the gains with true and with wrong boxes says of the true ones."""
    if pd.isna(half):
        return "from a single run"
    # An interval without width is that of equal differences, which show no spread.
    if half > 0 and abs(difference) > half:
        return "larger" if difference > 0 else "smaller"
    return "not told apart"
