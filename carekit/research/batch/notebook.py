"""A notebook as the batch sees it: the parameters that it has, its kernel, and what its result depends on."""

import ast
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager

from carekit.ground.checksums import sha256, stamp
from carekit.ground.messages import nearest
from carekit.research.batch.code import fingerprint, python_of

RESULTS = "results"  # the parameter that gets the file for the results
ANY = object()  # the default of a parameter that is no literal
_FACTS = "facts.json"
_LIKE_A_LESSON = {"data", "profile", "seeds"}


@dataclass(frozen=True)
class Notebook:
    """A notebook that can be run with parameters.

    Args:
        path: where it lies.
        defaults: what its parameters cell assigns; ANY for what is no literal.
        kernel: the kernel's name.
        content: a hash of its code.
        code: a hash of the kit's code that it imports, with what that needs, and of the libraries' versions.
        remark: what whoever runs it should know; empty where there is nothing.
    """

    path: Path
    defaults: Mapping[str, Any]
    kernel: str
    content: str
    code: str
    remark: str

    def checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values as the notebook will get them: whole numbers as 1.0 where it has 1.0, data by its full path.

        Raises:
            ValueError: for a name that it does not have, or a value of another type or out of range.
            OSError: for data that are not there.
        """
        for name in values:
            if name == RESULTS:
                raise ValueError(f"the parameter {RESULTS} is set for each run: leave it out of the grid")
            if name not in self.defaults:
                hint = nearest(name, self.defaults) or f"it has {', '.join(self.defaults)}"
                raise ValueError(f"{self.path.name} has no parameter {name!r}: {hint.rstrip()}")
        found = {name: _as_number(self.defaults[name], value) for name, value in values.items()}
        if _LIKE_A_LESSON <= self.defaults.keys():
            from carekit.research.batch.lesson import checked_as_lesson  # which needs torch: seconds, for lessons only

            of_lesson = checked_as_lesson(self.defaults, found)
            if of_lesson is not None:
                return of_lesson
        for name, value in found.items():
            _must_fit(self.defaults[name], name, value)
        return found

    def data_facts(self, values: Mapping[str, Any]) -> str:
        """A hash that changes with the data sets, files and folders that values of parameters name; else empty."""
        facts = {}
        for name, value in (dict(self.defaults) | dict(values)).items():
            if name != RESULTS and isinstance(value, str) and value:
                place = self.path.parent / value
                if os.path.exists(place):  # of a text that can be no path it says no
                    facts[name] = sha256(place / _FACTS) if (place / _FACTS).is_file() else stamp(place)
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest() if facts else ""


def read_notebook(path: Path) -> Notebook:
    """Read a notebook and check that it can be run.

    Raises:
        FileNotFoundError: where there is none.
        ValueError: for a file that is no notebook, has no parameters cell, or needs a kernel that is not there.
    """
    if not path.is_file():
        near = nearest(path.name, [each.name for each in path.parent.glob("*.ipynb")])
        raise FileNotFoundError(f"there is no notebook {path}: {near or 'give the path of an .ipynb file'}".rstrip())
    try:
        node = nbformat.read(path, as_version=4)
    except (nbformat.ValidationError, ValueError, KeyError, AttributeError, OSError) as error:
        reason = str(error).splitlines()[0][:120]
        raise ValueError(f"{path} is no notebook that can be read ({reason}): open and save it in JupyterLab") from None
    source = python_of(node)
    kernel, remark = _kernel(path, node.metadata)
    return Notebook(
        path=path.resolve(),
        defaults=_defaults(path, node),
        kernel=kernel,
        content=hashlib.sha256(source.encode()).hexdigest(),
        code=fingerprint(source),
        remark=remark,
    )


def _kernel(path: Path, metadata: Mapping[str, Any]) -> tuple[str, str]:
    spec = metadata.get("kernelspec", {})
    name = spec.get("name", "")
    if spec.get("language", "python") != "python":
        raise ValueError(f"{path} is written in {spec['language']}: only notebooks in Python can be run")
    if not name:
        return "python3", f"{path.name} names no kernel: it runs with python3."
    known = KernelSpecManager().find_kernel_specs()
    if name not in known:
        raise ValueError(f"{path} needs the kernel {name!r}, which is not here: choose from {', '.join(known)}")
    return name, ""


def _defaults(path: Path, node: Any) -> dict[str, Any]:
    cells = [cell for cell in node.cells if "parameters" in cell.metadata.get("tags", [])]
    if not cells:
        raise ValueError(
            f"{path} has no parameters cell: give the cell that assigns its parameters the tag 'parameters' "
            "(JupyterLab: the gears at the upper right, Common Tools)"
        )
    try:
        tree = ast.parse(cells[0].source)
    except SyntaxError as error:
        raise ValueError(
            f"the parameters cell of {path} is not plain Python in line {error.lineno}: it may only assign values"
        ) from None
    found = {}
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(statement, ast.Assign | ast.AnnAssign):
                found[target.id] = _literal(statement.value)
    if not found:
        raise ValueError(f"the parameters cell of {path} assigns nothing: write lines such as tau = 0.7")
    return found


def _literal(node: ast.expr | None) -> Any:
    try:
        return ANY if node is None else ast.literal_eval(node)
    except ValueError:
        return ANY


def _as_number(default: Any, value: Any) -> Any:
    """A whole number as a float where the default is one, so that 1 and 1.0 are one run."""
    return float(value) if type(default) is float and type(value) is int else value


def _must_fit(default: Any, name: str, value: Any) -> None:
    """Raise ValueError for a value of another type than the default's, where that is a literal."""
    if default is ANY or default is None or type(value) is type(default):
        return
    kinds = {bool: "True or False", int: "a whole number", float: "a number", str: "a text"}
    kind = kinds.get(type(default), f"a {type(default).__name__}")
    raise ValueError(f"{name} = {value!r} does not fit: the notebook has {default!r}, so give {kind}")
