"""The grid points of a batch, each named by all that decides its result, and the time that they may take."""

import hashlib
import json
import statistics
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import carekit
from carekit.ground import workspace
from carekit.ground.settings_as_data import to_plain
from carekit.research.batch.grid import Grid, combinations
from carekit.research.batch.notebook import RESULTS, Notebook
from carekit.research.batch.point import GridPoint
from carekit.research.batch.records import BATCH, RECORD, is_finished, read_json


@dataclass(frozen=True)
class Plan:
    """A notebook, all its runs, and the folder for them."""

    notebook: Notebook
    runs: Sequence[GridPoint]
    out: Path

    @property
    def waiting(self) -> list[GridPoint]:
        """The runs that are not finished."""
        return [run for run in self.runs if not is_finished(self.out, run.name)]

    def words(self, jobs: int | None) -> str:
        """The number of runs, of finished runs, and the time that the others may take.

        Args:
            jobs: runs at a time; None if a cluster decides.
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
        rounds = -(-waiting // jobs)  # rounded up: the last round may be partly empty
        return f"{head}\nAbout {in_words(seconds * rounds)}: a run took {seconds:.0f} s, and {jobs} go on at a time."


def make_plan(notebook: Notebook, grid: Grid, out: Path) -> Plan:
    """Check every combination and name its run.

    Raises:
        ValueError: for a parameter or value that the notebook does not take, or two combinations that are one run.
        OSError: for data that do not exist.
    """
    runs: dict[str, GridPoint] = {}
    facts: dict[str, str] = {}
    for combination in combinations(grid):
        parameters = notebook.checked(combination)
        texts = json.dumps({name: value for name, value in parameters.items() if isinstance(value, str)})
        if texts not in facts:  # many runs name the same files, which are read once
            facts[texts] = notebook.data_facts(parameters)
        identity = {
            "version": carekit.__version__,
            "notebook": notebook.content,
            "code": notebook.code,
            "data": facts[texts],
        }
        # 1 and 1.0 are one run, and the order of parameters does not count.
        text = json.dumps(to_plain({"identity": identity, "parameters": parameters}), sort_keys=True)
        name = f"{notebook.path.stem}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        if name in runs:
            raise ValueError(f"--grid has {combination} twice: a run is made once")
        runs[name] = GridPoint(
            name=name,
            notebook=str(notebook.path),
            kernel=notebook.kernel,
            parameters=parameters,
            identity=identity,
            results=RESULTS * (RESULTS in notebook.defaults),
            out=str(out),
            models=str(workspace.runs().resolve()),
        )
    return Plan(notebook, list(runs.values()), out)


def usual_seconds(plan: Plan) -> float | None:
    """The median seconds of finished runs of this notebook with the same profile; None if there are none.

    The plan's folder is searched, and the folders of batches next to it and in the workspace.
    """
    profiles = {run.parameters.get("profile", plan.notebook.defaults.get("profile")) for run in plan.runs}
    seconds = []
    for folder in {plan.out, *plan.out.parent.glob("*/"), *workspace.runs().glob("*/")}:
        with suppress(ValueError, OSError):  # a neighbour's folder may be private or damaged: it tells no time
            if read_json(folder / BATCH).get("notebook") != plan.notebook.path.name:
                continue
            for record in map(read_json, folder.glob(f"*/{RECORD}")):
                parameters, took = record.get("parameters"), record.get("seconds")
                if isinstance(parameters, dict) and isinstance(took, int | float) and "reason" not in record:
                    seconds += [took] * (parameters.get("profile") in profiles)
    return statistics.median(seconds) if seconds else None


def in_words(seconds: float) -> str:
    """A time in words: 40 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
