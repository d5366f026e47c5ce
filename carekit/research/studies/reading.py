"""Kept results read back: what every claim comes to, and whether wrong boxes help as much as true ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from carekit.experiment import sidecar as results
from carekit.experiment.sidecar import Results
from carekit.method.metrics import EQUAL_RECALL, label_of, mean_and_half_width
from carekit.paper import TABLES
from carekit.research.studies import STUDIES, ham10000, ham10000_settings
from carekit.research.studies.row import RANDOM, SHUFFLED
from carekit.research.studies.verdicts import FAILS, HOLDS, OPEN, decide, judge_claims, paired

WRONG = (SHUFFLED, RANDOM)
REAL = ("rare_recall", EQUAL_RECALL, "rare_auc", "attention_inside")
ASKED = ("rare_recall", EQUAL_RECALL, "mca", "attention_inside")


def kept(out: Path | None = None) -> dict[str, Results]:
    """Study -> its results, of those whose results are there, in the order of the paper.

    Raises:
        ValueError: as `carekit.experiment.sidecar.read`.
    """
    where = results.folder() if out is None else out
    return {name: results.read(name, where) for name in STUDIES if (where / f"{name}.csv").is_file()}


def has(found: Mapping[str, Results], *names: str) -> bool:
    """Whether these studies' results are there; where one is not, says which command makes it."""
    missing = [name for name in names if name not in found]
    if missing:
        command = f"python -m carekit study {' '.join(missing)}"
        print(f"There are no results of {', '.join(missing)}: `{command}` makes them.")
    return not missing


def how_made(found: Mapping[str, Results]) -> pd.DataFrame:
    """One row a study: its place in the paper, what it compares, how many seeds, minutes and rows."""
    rows = {}
    for name, (_, about) in found.items():
        numbers = {"seeds": len(about["seeds"]), "minutes": about["seconds"] / 60, "rows": about["rows"]}
        rows[name] = {"where": about["where"], "about": about["about"]} | numbers
    return pd.DataFrame(rows).T.infer_objects()


def real_gains(out: Path | None = None) -> pd.DataFrame:
    """The differences on real photographs, with a verdict on each as if "above" were claimed; empty where there are
    none.

    Returns:
        As `resampling.differences`, for the metrics of `REAL`, with verdict and, for figures, printed.
    """
    return _judged(f"{ham10000.NAME}_differences", ham10000.NAME, out)


def settings_tried(out: Path | None = None) -> pd.DataFrame:
    """The settings tried on training lesions of real photographs, the best first: gain and some metrics, mean of the
    seeds; empty where there are none."""
    table = _table(ham10000_settings.NAME, ham10000_settings.NAME, out)
    if table is None:
        return pd.DataFrame()
    columns = ["gain", "rare_auc", "rare_recall", EQUAL_RECALL, "mca", "attention_inside"]
    return table.groupby("arm", sort=False)[columns].mean().sort_values("gain", ascending=False)


def chosen_gains(out: Path | None = None) -> pd.DataFrame:
    """As `real_gains`, of the setting chosen by `settings_tried`, on the test lesions."""
    return _judged(ham10000_settings.CHOSEN, ham10000_settings.NAME, out)


def _judged(name: str, study: str, out: Path | None) -> pd.DataFrame:
    table = _table(name, study, out)
    if table is None:
        return pd.DataFrame()
    table = table[table.metric.isin(REAL)]
    verdicts = [decide("above", low, high) for low, high in zip(table.low, table.high, strict=True)]
    return table.assign(verdict=verdicts, printed=None)


def _table(name: str, study: str, out: Path | None) -> pd.DataFrame | None:
    """Results on real photographs; None where there are none, and says which command makes them."""
    where = results.folder() if out is None else out
    if not (where / f"{name}.csv").is_file():
        print(f"There are no results of {study}: `python -m carekit study {study} --data FOLDER`.")
        return None
    return results.read(name, where).table


def all_verdicts(found: Mapping[str, Results]) -> pd.DataFrame:
    """One row a claim and condition, of all studies: see `carekit.research.studies.verdicts.judge_claims`."""
    parts = [judge_claims(STUDIES[name].as_claimed(each.table), STUDIES[name].claims) for name, each in found.items()]
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else judge_claims(pd.DataFrame(columns=["data"]), [])


def counted(verdicts: pd.DataFrame) -> pd.DataFrame:
    """How many claims hold, do not, and are undecided: a row a table or figure, a column a condition and verdict."""
    wide = verdicts.pivot_table(
        index="where", columns=["condition", "verdict"], values="n", aggfunc="count", sort=False
    )
    conditions = list(dict.fromkeys(verdicts.condition))
    columns = pd.MultiIndex.from_product([conditions, (HOLDS, FAILS, OPEN)])
    return wide.reindex(columns=columns).fillna(0).astype(int)


def wrong_boxes(table: pd.DataFrame, pairs: Mapping[str, str], metrics: Sequence[str] = ASKED) -> pd.DataFrame:
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
        arms = set(group.arm)
        for arm, control in pairs.items():
            for kind in WRONG:
                wrong = f"{arm}, {kind} boxes"
                if not {arm, control, wrong} <= arms:
                    continue
                for metric in (name for name in metrics if name in group):
                    gain = paired(group, arm, control, metric)
                    gain_wrong = paired(group, wrong, control, metric)
                    difference, half = mean_and_half_width(gain - gain_wrong)
                    about = {"data": data, "condition": condition, "arm": arm, "metric": metric, "boxes": kind}
                    means = {"gain": gain.mean(), "gain_wrong": gain_wrong.mean()}
                    rows.append(about | means | {"difference": difference, "half": half})
    return pd.DataFrame(rows)


def boxes_shown(wrong: pd.DataFrame) -> pd.DataFrame:
    """`wrong_boxes` of one arm to be read: a row a metric, data set and condition; the gains with true and with wrong
    boxes, their paired difference, and what it tells."""
    rows: dict[tuple[str, str], dict[tuple[str, str], Any]] = {}
    for metric, group in wrong.groupby("metric", sort=False):
        for row in group.itertuples():
            shown = rows.setdefault((metric, f"{row.data}, {row.condition}"), {("true", "gain"): row.gain})
            shown[row.boxes, "gain"] = row.gain_wrong
            interval = "" if pd.isna(row.half) else f" ± {row.half:.3f}"
            shown[row.boxes, "true − these"] = f"{row.difference:+.3f}{interval}"
            shown[row.boxes, "the true gain is"] = _told(row.difference, row.half)
    return pd.DataFrame.from_dict(rows, orient="index")


def boxes_in_words(wrong: pd.DataFrame) -> str:
    """What `boxes_shown` tells, counted."""
    told = [_told(row.difference, row.half) for row in wrong.itertuples()]
    counts = pd.crosstab(wrong.boxes, told).reindex(list(dict.fromkeys(wrong.boxes)))
    lines = [f"{boxes} ones, {', '.join(f'{n} times {word}' for word, n in row.items() if n)}"
             for boxes, row in counts.iterrows()]  # fmt: skip
    return f"With true boxes the gain is, compared with {'; with '.join(lines)}."


def _told(difference: float, half: float) -> str:
    """What the difference of the gains with true and with wrong boxes says of the true ones."""
    if pd.isna(half):
        return "from a single run"
    if half > 0 and abs(difference) > half:
        return "larger" if difference > 0 else "smaller"
    return "not told apart"


def beside_paper(table: pd.DataFrame, number: int, data: str) -> pd.DataFrame:
    """Our means with half widths and the paper's figures, in percent: one row a row of its table.

    Args:
        table: tidy rows of the study of this table.
        number: of the paper's table.
        data: "skin" or "chest".

    Returns:
        Columns (metric, condition) as text "mean ± half width", and (metric, "paper").
    """

    printed = TABLES[number]
    mine = table[table.data == data]
    columns = {}
    for kind, metric in printed.columns:
        if kind != data:
            continue
        for condition, group in mine.groupby("condition", sort=False):
            each = {arm: _percent(runs[metric]) for arm, runs in group.groupby("arm", sort=False)}
            columns[label_of(metric), condition] = each
        columns[label_of(metric), "paper"] = {
            row: f"{100 * printed.value(row, kind, metric):.1f}" for row in printed.rows
        }
    order = list(dict.fromkeys([*mine.arm, *printed.rows]))
    return pd.DataFrame(columns).reindex(order).fillna("–")


def _percent(values: pd.Series) -> str:
    mean, half = mean_and_half_width(values)
    return f"{100 * mean:.1f}" + ("" if pd.isna(half) else f" ± {100 * half:.1f}")
