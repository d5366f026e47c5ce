"""The environment variables of a process that runs notebooks."""

import os
from pathlib import Path

from carekit.ground.environment import python_path

_CORES = ("LOKY_MAX_CPU_COUNT", "OMP_NUM_THREADS")


def surroundings(runs: str | Path, threads: int) -> dict[str, str]:
    """Those of this process, and: this checkout's code, where models are kept, and how many cores to use.

    Args:
        runs: where models are kept.
        threads: cores; what this process's own environment says of them stays.
    """
    cores = dict.fromkeys(_CORES, str(threads))
    return cores | dict(os.environ) | {"PYTHONPATH": python_path(), "CAREKIT_RUNS": str(runs)}
