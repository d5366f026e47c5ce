"""Stored results read back, for lessons that have no time to train them, or to compare with the paper's figures."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from carekit.experiment import sidecar as results
from carekit.experiment.sidecar import Results
from carekit.method.metrics import EQUAL_RECALL, mean_and_half_width
from carekit.paper import TABLES
from carekit.paper.tables import Data
from carekit.research.figures.labels import label_of
from carekit.research.figures.wording import interval
from carekit.research.setting.parameters import PARAMETERS
from carekit.research.setting.setting import Setting
from carekit.research.studies import STUDIES, ham10000, ham10000_settings
from carekit.research.studies.verdicts import decide

REAL = ("rare_recall", EQUAL_RECALL, "rare_auc", "attention_inside")
MAY_DIFFER = ("profile", "seeds", "results")  # from the parameters of the command that made the stored tables


def stored(out: Path | None = None) -> dict[str, Results]:
    """Study -> its results, of those whose results are stored, in the order of the paper.

    Raises:
        ValueError: as `carekit.experiment.sidecar.read`.
    """
    folder = out or results.folder()
    return {name: results.read(name, folder) for name in STUDIES if (folder / f"{name}.csv").is_file()}


def are_stored(found: Mapping[str, Results], *names: str) -> bool:
    """Whether these studies' results are stored; prints the command that makes those that are not."""
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


def stored_study(name: str, lesson: Setting) -> pd.DataFrame:
    """The rows of a study on drawn images of the lesson's kind, with or without the mark as here; prints whose.

    Args:
        name: of the study: "table9".
        lesson: what its data are, decides which rows.

    Returns:
        As the study wrote them. Empty if none are stored; the command that makes them is printed then.

    Raises:
        ValueError: for results that were changed since they were written.
    """
    command = f"python -m carekit study {name}"
    try:
        table, about = results.read(name)
    except FileNotFoundError:
        print(f"No results of {name} are kept: `{command}` makes them.")
        return pd.DataFrame()
    # A study stores both conditions; the lesson shows its own.
    condition = "mark" if lesson.misled else "no mark"
    rows = table[(table["set"] == lesson.kind.name) & (table.condition == condition)]
    of = f"{lesson.kind.name}, {condition}, the usual parameters; seeds {about['seeds']}, profile {about['profile']}"
    print(f"Kept by `{command}`: {len(rows)} runs ({of}).")
    return rows


def stored_or_new(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """The table that `docs/compare_strategies.py` stored under this name, else `table`; prints which.

    Raises ValueError for one that was changed since it was written.
    """
    try:
        rows, about = results.read(name)
    except FileNotFoundError:
        print(f"No table is kept: these are the runs above. Make it: python docs/compare_strategies.py {name}")
        return table
    print(f"Kept, made by `{about['command']}`: {len(rows)} runs, seeds {about['seeds']}, profile {about['profile']},")
    print(f"{about['cpu_seconds'] / 60:.0f} minutes of one core of {about['machine']['processor']}.")
    return rows


def seeds_not_stored(lesson: Setting, name: str) -> list[int]:
    """The seeds still to train: all, or only the first if a stored table has more seeds for the same parameters."""
    try:
        _, about = results.read(name)
    except FileNotFoundError:
        return lesson.seeds
    # Stored runs replace new ones only if all that decides a run is the same.
    usual = all(lesson.parameters[name] == PARAMETERS[name].default for name in PARAMETERS if name not in MAY_DIFFER)
    if usual and about["profile"] == lesson.profile.name and len(about["seeds"]) > len(lesson.seeds):
        return lesson.seeds[:1]
    return lesson.seeds


def real_gains(out: Path | None = None) -> pd.DataFrame:
    """The differences on real photographs, with a verdict on each as if "above" were claimed; empty if none are stored.

    Returns:
        As `resampling.differences`, for the metrics of `REAL`, with verdict and, for figures, printed.
    """
    return _judged(f"{ham10000.NAME}_differences", ham10000.NAME, out)


def chosen_gains(out: Path | None = None) -> pd.DataFrame:
    """As `real_gains`, of the setting chosen by `settings_tried`, on the test lesions."""
    return _judged(ham10000_settings.CHOSEN, ham10000_settings.NAME, out)


def settings_tried(out: Path | None = None) -> pd.DataFrame:
    """The settings tried on training lesions of real photographs, the best first: gain and some metrics, mean of the
    seeds; empty if none are stored."""
    table = _real_photographs(ham10000_settings.NAME, ham10000_settings.NAME, out)
    if table.empty:
        return table
    columns = ["gain", "rare_auc", "rare_recall", EQUAL_RECALL, "mca", "attention_inside"]
    return table.groupby("arm", sort=False)[columns].mean().sort_values("gain", ascending=False)


def _judged(name: str, study: str, out: Path | None) -> pd.DataFrame:
    table = _real_photographs(name, study, out)
    if table.empty:
        return table
    table = table[table.metric.isin(REAL)]
    # The intervals were made by resampling; a verdict needs nothing but their ends.
    verdicts = [decide("above", low, high) for low, high in zip(table.low, table.high, strict=True)]
    return table.assign(verdict=verdicts, printed=None)


def _real_photographs(name: str, study: str, out: Path | None) -> pd.DataFrame:
    """Results on real photographs; empty if none are stored, and prints the command that makes them."""
    try:
        return results.read(name, out).table
    except FileNotFoundError:
        print(f"There are no results of {study}: `python -m carekit study {study} --data FOLDER`.")
        return pd.DataFrame()


def next_to_paper(table: pd.DataFrame, number: int, data: Data) -> pd.DataFrame:
    """Our means with half widths and the paper's figures, in percent: one row a row of its table.

    Args:
        table: tidy rows of the study of this table.
        number: of the paper's table.
        data: "skin" or "chest".

    Returns:
        Columns (metric, condition) as text "mean ± half width", and (metric, "paper").
    """
    paper = TABLES[number]
    ours = table[table.data == data]
    columns: dict[tuple[str, str], dict[str, str]] = {}
    for metric in (metric for kind, metric in paper.columns if kind == data):
        for (condition, arm), runs in ours.groupby(["condition", "arm"], sort=False):
            mean, half = mean_and_half_width(100 * runs[metric])
            columns.setdefault((label_of(metric), condition), {})[arm] = interval(mean, half, digits=1)
        printed = {row: f"{100 * paper.value(row, data, metric):.1f}" for row in paper.rows}
        columns[label_of(metric), "paper"] = printed
    # Our rows first, then rows of the paper that we did not train.
    order = list(dict.fromkeys([*ours.arm, *paper.rows]))
    return pd.DataFrame(columns).reindex(order).fillna("–")
