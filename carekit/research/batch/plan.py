"""The runs of a batch, each named by all that decides it, and how long they may take."""

import hashlib
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import carekit
from carekit.ground import workspace
from carekit.ground.settings_as_data import described
from carekit.research.batch.grid import Grid, combinations
from carekit.research.batch.notebook import Notebook
from carekit.research.batch.records import BATCH, FAILED, RECORD, is_finished, read_json


@dataclass(frozen=True)
class Run:
    """One combination of parameters.

    Args:
        name: of its folder.
        parameters: what the notebook's parameters cell is overruled by.
        identity: what the name is made from, besides the parameters.
    """

    name: str
    parameters: Mapping[str, Any]
    identity: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """A notebook, all its runs, the folder, and which runs are to be done there."""

    notebook: Notebook
    runs: Sequence[Run]
    out: Path

    @property
    def waiting(self) -> list[Run]:
        """The runs that are not finished."""
        return [run for run in self.runs if not is_finished(self.out, run.name)]

    def words(self, jobs: int | None) -> str:
        """How many runs of what, how many are done, and how long the others may take.

        Args:
            jobs: runs at a time; None where a cluster decides.
        """
        waiting = len(self.waiting)
        done = len(self.runs) - waiting
        head = f"{self.notebook.path.name}: {len(self.runs)} runs, {done} finished, {waiting} to do, in {self.out}"
        if not waiting:
            return head
        seconds = usual_seconds(self)
        if seconds is None:
            return f"{head}\nHow long a run takes is not known before the first one has finished."
        if jobs is None:
            return f"{head}\nA run took {seconds:.0f} s; the cluster decides how many go on at a time."
        total = seconds * -(-waiting // jobs)
        return f"{head}\nAbout {in_words(total)}: a run took {seconds:.0f} s, and {jobs} go on at a time."


def make_plan(notebook: Notebook, grid: Grid, out: Path) -> Plan:
    """Check every value and name every run.

    Raises:
        ValueError: for a parameter or value that the notebook does not take, or two combinations that are one run.
        OSError: for data that are not there.
    """
    fixed = {name: values[0] for name, values in grid.items()}
    for name, values in grid.items():  # each value once, not each combination
        for value in values:
            notebook.checked({**fixed, name: value})
    runs: dict[str, Run] = {}
    facts: dict[str, str] = {}
    for combination in combinations(grid):
        run = _run(notebook, notebook.checked(combination), facts)
        if run.name in runs:
            raise ValueError(f"--grid has {combination} twice: a run is made once")
        runs[run.name] = run
    return Plan(notebook, list(runs.values()), out)


def _run(notebook: Notebook, parameters: dict[str, Any], facts: dict[str, str]) -> Run:
    paths = json.dumps({name: value for name, value in parameters.items() if isinstance(value, str)})
    if paths not in facts:  # files are looked at once
        facts[paths] = notebook.data_facts(parameters)
    identity = {
        "version": carekit.__version__,
        "notebook": notebook.content,
        "code": notebook.code,
        "data": facts[paths],
    }
    text = json.dumps(described({"identity": identity, "parameters": parameters}), sort_keys=True)
    name = f"{notebook.path.stem}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return Run(name, parameters, identity)


def usual_seconds(plan: Plan) -> float | None:
    """The median seconds of finished runs of this notebook, with the same profile where it has one; None for none.

    They are looked for in the plan's folder and in the folders of batches beside it and in the workspace.
    """
    wanted = {run.parameters.get("profile", plan.notebook.defaults.get("profile")) for run in plan.runs}
    seconds = []
    places = {plan.out, *plan.out.parent.glob("*/"), *workspace.runs().glob("*/")}
    for place in places:
        if (place / BATCH).is_file() and read_json(place / BATCH).get("notebook") == plan.notebook.path.name:
            records = [read_json(file) for file in place.glob(f"*/{RECORD}") if file.parent.name != FAILED]
            seconds += [each["seconds"] for each in records if each["parameters"].get("profile") in wanted]
    return statistics.median(seconds) if seconds else None


def in_words(seconds: float) -> str:
    """A time as one says it: 40 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
