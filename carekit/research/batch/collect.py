"""The runs of one batch or several as one tidy table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from carekit.research.batch.records import FAILED, RECORD, RESULTS, read_json

ROWS = "runs"  # of the results: a list of records, one a row of the table


def collect(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """Read all finished runs in a batch's folder, or in the folders of several.

    A row has the notebook, the run, `made_by` (one name for each version of notebook, code and data that made it),
    the parameters, and what the results hold: where they have a list `runs`, a row for each of its records (arm,
    seed, metrics), else one row with all that is a number, a text or a truth value (`a.b` for b inside of a). A
    column of the results goes before a parameter of the same name.

    Returns:
        The table, ordered by notebook and parameters, and sentences that its reader should know.

    Raises:
        FileNotFoundError: where there is no finished run.
        ValueError: for a file that is damaged.
    """
    files = [file for pattern in (f"*/{RECORD}", f"*/*/{RECORD}") for file in folder.glob(pattern)]
    whole = [file for file in sorted(files) if not file.parent.name.startswith(".")]
    done = [file for file in whole if file.parent.parent.name != FAILED]
    if not done:
        raise FileNotFoundError(f"{folder} has no finished runs: give the folder of a batch, or of several")
    records = [read_json(file) for file in done]
    rows = [row for file, record in zip(done, records, strict=True) for row in _rows(file.parent, record)]
    failed = len(whole) - len(done)
    remarks = [f"{failed} runs failed and are not in the table."] if failed else []
    return _ordered(pd.DataFrame(rows), records), remarks + _of_versions(records)


def _rows(folder: Path, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    head = {"notebook": Path(record["notebook"]).stem, "run": folder.name, "made_by": made_by(record)}
    head |= record["parameters"]
    results = read_json(folder / RESULTS) if (folder / RESULTS).exists() else {}
    found = results["figures"] if isinstance(results.get("figures"), dict) else results  # of a lesson
    listed = found.get(ROWS)
    if isinstance(listed, list) and listed and all(isinstance(each, dict) for each in listed):
        parts = [flat(each) for each in listed]
    else:
        parts = [flat(found)]
    return [head | part | {"seconds": record["seconds"]} for part in parts]


def flat(results: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """All numbers, texts and truth values of nested records, b inside of a as "a.b"; lists are left out."""
    found: dict[str, Any] = {}
    for name, value in results.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{name}.")
        elif value is None or isinstance(value, str | int | float):
            found[f"{before}{name}"] = value
    return found


def made_by(record: Mapping[str, Any]) -> str:
    """A short name for the version of notebook, code and data that made a run."""
    identity = record["identity"]
    return "-".join([identity["version"], *(identity[part][:6] or "0" for part in ("notebook", "code"))])


def _of_versions(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each notebook whose runs were not all made by one version."""
    sentences = []
    for notebook in sorted({record["notebook"] for record in records}):
        makers = pd.Series([made_by(record) for record in records if record["notebook"] == notebook]).value_counts()
        if len(makers) > 1:
            counts = ", ".join(f"{name} {count} runs" for name, count in makers.items())
            sentences.append(f"{notebook}: runs of several versions are mixed ({counts}): the column made_by tells.")
    return sentences


def _ordered(table: pd.DataFrame, records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows by notebook and parameters, those of a run in their own order; the seconds at the end."""
    names = [name for record in records for name in record["parameters"]]
    order = ["notebook", "made_by", *(name for name in dict.fromkeys(names) if name in table), "run"]
    columns = [name for name in table.columns if name != "seconds"] + ["seconds"]
    comparable = table.assign(**{name: table[name].map(_sortable) for name in order})
    rows = comparable.reset_index(drop=True).sort_values(order, kind="stable").index
    return table.loc[rows, columns].reset_index(drop=True)


def _sortable(value: Any) -> tuple[int, float, str]:
    """Numbers before texts, and those by their size."""
    if isinstance(value, int | float) and value == value:
        return (0, float(value), "")
    return (1, 0.0, str(value))
