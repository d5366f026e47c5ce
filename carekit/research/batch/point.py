"""A grid point: one run of a notebook, the limits of a run, and its outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class GridPoint:
    """One combination of parameters, in a form that travels to a worker process or another machine.

    Args:
        name: of the run and of its folder.
        notebook: the path of the notebook.
        kernel: the kernel's name.
        parameters: values that replace those of the notebook's parameters cell.
        identity: what the name is made from, besides the parameters: version, notebook, code, data.
        results: the parameter that gets the file for the results; empty if the notebook has none.
        out: the batch's folder.
        models: folder of trained models.
    """

    name: str
    notebook: str
    kernel: str
    parameters: Mapping[str, Any]
    identity: Mapping[str, str]
    results: str
    out: str
    models: str

    @property
    def record(self) -> dict[str, Any]:
        """The entries of run.json that are known before the run."""
        return {
            "notebook": Path(self.notebook).name,
            "parameters": dict(self.parameters),
            "identity": dict(self.identity),
        }

    @property
    def settings(self) -> str:
        """The parameters in one line."""
        return " ".join(f"{name}={value}" for name, value in self.parameters.items())


@dataclass(frozen=True)
class Limits:
    """The time, memory and cores that a run may take.

    Args:
        timeout: seconds; None: no limit.
        memory: GB of all its processes together; None: no limit.
        threads: cores.

    Raises:
        ValueError: for a limit that is not positive.
    """

    timeout: float | None = None
    memory: float | None = None
    threads: int = 1

    def __post_init__(self) -> None:
        for name, unit in (("timeout", "seconds"), ("memory", "GB")):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"--{name} {value} is too small: give a positive number of {unit}")


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run.

    Args:
        name: of the run.
        reason: why it failed, in one line; empty for a finished run.
        full: True if it failed because the disk is full, so that all other runs would fail, too.
    """

    name: str
    reason: str = ""
    full: bool = False
