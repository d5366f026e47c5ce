"""The runs of one batch or several as one tidy table."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from carekit.research.batch.records import FAILED, RECORD, RESULTS, read_json, read_record

ROWS = "runs"  # of the results: a list of records, one a row of the table


def collect(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """Read all finished runs in a batch's folder, or in the folders of several.

    A row has the notebook, the run, `made_by` (one name for each version of notebook, code and data that made it),
    the parameters, and what the results hold: where they have a list `runs`, a row for each of its records (arm,
    seed, metrics), else one row with all that is a number, a text or a truth value (`a.b` for b inside of a). A
    column of the results goes before a parameter of the same name.

    Returns:
        The table, ordered by notebook and parameters, and remarks for its reader.

    Raises:
        FileNotFoundError: if there is no finished run.
        ValueError: for a file that is damaged.
    """
    files = sorted([*folder.glob(f"*/{RECORD}"), *folder.glob(f"*/*/{RECORD}")])
    runs = [file.parent for file in files if not file.parent.name.startswith(".")]
    finished = [run for run in runs if run.parent.name != FAILED]
    if not finished:
        raise FileNotFoundError(f"{folder} has no finished runs: give the folder of a batch, or of several")
    records = [read_record(run) for run in finished]
    rows: list[dict[str, Any]] = []
    for run, record in zip(finished, records, strict=True):
        rows += _rows(run, record)
    remarks = _of_versions(records)
    if len(runs) > len(finished):
        remarks.insert(0, f"{len(runs) - len(finished)} runs failed and are not in the table.")
    return _ordered(pd.DataFrame(rows), records), remarks


def _rows(folder: Path, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    head = {"notebook": Path(record["notebook"]).stem, "run": folder.name, "made_by": made_by(record)}
    head |= record["parameters"]
    results: dict[str, Any] = {}
    if (folder / RESULTS).exists():
        results = read_json(folder / RESULTS)
    if isinstance(results.get("figures"), dict):  # of a lesson
        results = results["figures"]
    entries = results.get(ROWS)
    if not (isinstance(entries, list) and entries and all(isinstance(entry, dict) for entry in entries)):
        entries = [results]
    # A column of the results goes before a parameter of the same name.
    return [head | flat(entry) | {"seconds": record["seconds"]} for entry in entries]


def flat(results: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """All numbers, texts and truth values of nested records, b inside of a as "a.b"; lists are left out."""
    values: dict[str, Any] = {}
    for name, value in results.items():
        if isinstance(value, Mapping):
            values |= flat(value, f"{before}{name}.")
        elif value is None or isinstance(value, str | int | float):
            values[f"{before}{name}"] = value
    return values


def made_by(record: Mapping[str, Any]) -> str:
    """A short name for the version of notebook, code and data that made a run."""
    identity = record["identity"]
    return "-".join([identity["version"], *(identity[part][:6] or "0" for part in ("notebook", "code"))])


def _of_versions(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each notebook whose runs were not all made by one version."""
    makers: dict[str, Counter[str]] = {}
    for record in records:
        makers.setdefault(record["notebook"], Counter())[made_by(record)] += 1
    sentences = []
    for notebook, versions in sorted(makers.items()):
        if len(versions) > 1:
            counts = ", ".join(f"{name} {count} runs" for name, count in versions.most_common())
            sentences.append(f"{notebook}: runs of several versions are mixed ({counts}): see the column made_by.")
    return sentences


def _ordered(table: pd.DataFrame, records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows by notebook and parameters, those of a run in their own order; the seconds at the end."""
    parameters: dict[str, None] = {}
    for record in records:
        parameters |= dict.fromkeys(record["parameters"])
    order = ["notebook", "made_by", *(name for name in parameters if name in table), "run"]
    table = table[[*table.columns.drop("seconds"), "seconds"]]
    return table.sort_values(order, kind="stable", key=lambda values: values.map(_sortable), ignore_index=True)


def _sortable(value: Any) -> tuple[int, float, str]:
    """Numbers before texts, and those by their size."""
    if isinstance(value, int | float) and value == value:
        return (0, float(value), "")
    return (1, 0.0, str(value))
