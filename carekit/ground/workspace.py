"""The folder of runs, paths relative to the workspace, and names of results made from all that decides them."""

import ast
import hashlib
import json
import os
import platform
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from carekit.ground.registry import fingerprint_of_additions
from carekit.ground.settings_as_data import to_plain

_PACKAGE = Path(__file__).parents[1]
_LIBRARIES = ("torch", "torchvision", "numpy", "pillow", "scikit-image", "scikit-learn", "scipy")


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


def import_closure(module: str, package: Path = _PACKAGE) -> list[Path]:
    """The files of `package` that `module` needs, itself included: imports at the top and inside functions.

    Args:
        module: a dotted name that begins with the package's.
        package: the folder of the package.
    """
    files: set[Path] = set()
    waiting = [module]
    while waiting:
        file = _file_of(waiting.pop(), package)
        if file is not None and file not in files:
            files.add(file)
            waiting += _imported_by(file, package.name)
    return sorted(files)


def _file_of(module: str, package: Path) -> Path | None:
    place = package.parent.joinpath(*module.split("."))
    for file in (place.with_suffix(".py"), place / "__init__.py"):
        if file.is_file():
            return file
    return None


def _imported_by(file: Path, package: str) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    inside = [name for name in names if name.split(".")[0] == package and name != package]
    # Importing a module runs the __init__ of each folder above it.
    return inside + [name.rsplit(".", 1)[0] for name in inside if name.count(".") > 1]


@cache
def code_fingerprint(module: str) -> str:
    """A hash of the code that a module needs, and of the versions of the libraries that decide its results."""
    digest = hashlib.sha256()
    for file in import_closure(module):
        digest.update(file.relative_to(_PACKAGE).as_posix().encode() + file.read_bytes())
    digest.update(json.dumps({library: _version(library) for library in _LIBRARIES}).encode())
    return digest.hexdigest()


def _version(library: str) -> str:
    with suppress(PackageNotFoundError):
        return version(library)
    return ""


def processor() -> list[str]:
    """All that decides how torch rounds: the machine, the instructions in use, and the limits set for oneDNN."""
    import torch  # here: to prepare a data set needs no torch

    limits = [os.environ.get(name, "") for name in ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "MKL_CBWR")]
    return [platform.machine(), torch.backends.cpu.get_cpu_capability(), *limits]


def key(module: str, **what: Any) -> str:
    """A short name for a result, made from everything that decides it.

    Args:
        module: the module that makes it; its code and all that it imports count.
        what: its settings.
    """
    facts = to_plain(what) | {"code": code_fingerprint(module), "additions": fingerprint_of_additions()}
    facts["processor"] = processor()
    text = json.dumps(facts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]
