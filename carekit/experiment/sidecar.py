"""Stored results: a tidy table, one row a run, and a file next to it that says how it was made."""

import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import torch

import carekit
from carekit.data.prepared import Prepared
from carekit.ground import workspace
from carekit.ground.checksums import sha256
from carekit.ground.folders import whole_file
from carekit.ground.ownership import file_name

LIBRARIES = ("torch", "torchvision", "numpy", "pandas", "scipy", "scikit-learn", "scikit-image", "pillow")
FACTS = ("name", "title", "licence", "citation", "source", "split", "size", "rare")
DIGITS = "%.6g"


class Results(NamedTuple):
    """A table that was read, and the content of its sidecar."""

    table: pd.DataFrame
    about: dict[str, Any]


def folder() -> Path:
    """Where results are kept with the code: `results` in the workspace."""
    return workspace.root() / "results"


def command_line() -> str:
    """The command that runs now, as one would type it in the checkout."""
    name = Path(sys.argv[0]).name
    start = {"__main__.py": ["python", "-m", "carekit"]}.get(name, ["python", name])
    return shlex.join([*start, *sys.argv[1:]])


def write(
    name: str,
    table: pd.DataFrame,
    *,
    data: Sequence[Prepared],
    seconds: float,
    command: str | None = None,
    out: Path | None = None,
    **notes: Any,
) -> Path:
    """Write NAME.csv and NAME.json, each whole or not at all.

    Args:
        name: of the files.
        table: one row a run: study, row, arm, seed, and its metrics.
        data: the data sets that the runs were trained and tested on.
        seconds: what the command took, runs that were found again included as the little that they took.
        command: how to make it again; None: the command that runs now.
        out: the folder; None: `folder()`.
        notes: more for the sidecar, as JSON has it.

    Returns:
        The path of the table.
    """
    out = Path(out or folder())
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{file_name(name)}.csv"
    _replace(path, table.to_csv(index=False, float_format=DIGITS, lineterminator="\n"))
    about = {
        "command": command or command_line(),
        "seconds": round(seconds, 1),
        "versions": versions(),
        "machine": machine(),
        "data": [facts_of(data_set) for data_set in data],
        "rows": len(table),
        "sha256": sha256(path),
    }
    _replace(path.with_suffix(".json"), json.dumps(about | notes, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return path


def read(name: str, out: Path | None = None) -> Results:
    """Results that `write` left.

    Raises:
        FileNotFoundError: where the table or its sidecar is not there, naming it.
        ValueError: for a table that is not the one that its sidecar speaks of.
    """
    path = Path(out or folder()) / f"{file_name(name)}.csv"
    for file in (path, path.with_suffix(".json")):
        if not file.is_file():
            raise FileNotFoundError(f"there are no results {file}: make them with `python -m carekit study`")
    about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    if about["sha256"] != sha256(path):
        raise ValueError(f"{path} was changed since it was written: make it again with `{about['command']}`")
    return Results(pd.read_csv(path), about)


def versions() -> dict[str, str]:
    """Python's version, this package's, and those of the libraries that decide results."""
    found = {"python": platform.python_version(), "carekit": carekit.__version__}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """What it ran on: system, processor, number of cores, and a GPU where there is one."""
    gpu = None
    if torch.cuda.is_available():
        gpu = torch.cuda.get_device_name()
    return {"system": platform.system(), "processor": _processor(), "cores": os.cpu_count(), "gpu": gpu}


def facts_of(data: Prepared) -> dict[str, Any]:
    """What a reader must know of a data set: its facts, how many images of each class each part has, its hash."""
    counts: Mapping[str, dict[str, int]] = {part: data.split(part).counts() for part in ("train", "test")}
    facts = {name: data.facts[name] for name in FACTS}
    return facts | {"counts": counts, "fingerprint": data.fingerprint()}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _replace(path: Path, text: str) -> None:
    with whole_file(path) as new:
        new.write_text(text, encoding="utf-8")
