"""Where runs are kept, and how relative paths are read."""

import hashlib
import json
import os
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent
# What decides a trained model. The lessons and the command line do not; of the data a run's key holds a fingerprint.
_DECIDES = ("attention", "boxes", "cam", "evaluation", "experiment", "imbalance", "metrics", "models", "seeding")
_DECIDES += ("training", "data/augment", "data/batches", "data/prepared/dataset", "data/prepared/resizing")
_DECIDES += ("data/prepared/rows", "data/prepared/schema")


def root() -> Path:
    """The checkout that holds this package, or the current folder for an installed package."""
    checkout = _PACKAGE.parent
    return checkout if (checkout / "pyproject.toml").exists() else Path.cwd()


def runs() -> Path:
    """The folder for results, reports and trained models: CAREKIT_RUNS, or `runs` in the workspace."""
    return Path(os.environ.get("CAREKIT_RUNS") or root() / "runs")


def resolve(path: str | Path) -> Path:
    """A path as given, or else below the workspace: notebooks run in a folder of their own."""
    path = Path(path).expanduser()
    return path if path.is_absolute() or path.exists() else root() / path


@cache
def code_fingerprint() -> str:
    """Hash of the code that trained models depend on, so that an edit never meets a stale result."""
    files = [_PACKAGE / f"{name}.py" for name in _DECIDES]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def key(**what) -> str:
    """A short name for a run, made from everything that decides its result."""
    text = json.dumps(what | {"code": code_fingerprint()}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]
