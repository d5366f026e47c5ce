"""What is asked of whoever runs a notebook, within which limits, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Task:
    """One run, in a form that travels to another machine.

    Args:
        name: of the run and of its folder.
        notebook: the path of the notebook.
        kernel: the kernel's name.
        parameters: what the notebook's parameters cell is overruled by.
        results: the parameter that gets the file for the results; empty where the notebook has none.
        out: the batch's folder.
        models: where trained models are kept.
        record: what run.json says of a run before it is run.
    """

    name: str
    notebook: str
    kernel: str
    parameters: Mapping[str, Any]
    results: str
    out: str
    models: str
    record: Mapping[str, Any]


@dataclass(frozen=True)
class Limits:
    """What a run may take.

    Args:
        timeout: seconds; None for as many as it wants.
        memory: GB of all its processes together; None for as much as there is.
        threads: cores that it uses.

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
    """What came of a run.

    Args:
        name: of the run.
        reason: why it failed, in one line; empty where it is finished.
        full: whether it failed since the disk is full, so that all others will, too.
    """

    name: str
    reason: str = ""
    full: bool = False
