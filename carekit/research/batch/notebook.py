"""A notebook as the batch uses it: its parameters, its kernel, and what its results depend on."""

import ast
import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager

from carekit.ground import workspace
from carekit.ground.checksums import sha256, stamp
from carekit.ground.messages import nearest
from carekit.research.batch.code import fingerprint, python_of

RESULTS = "results"  # the parameter for the file of the results
ANY = object()  # the default of a parameter whose value is no literal
_FACTS = "facts.json"
_LIKE_A_LESSON = {"data", "profile", "seeds"}
_KINDS = {bool: "True or False", int: "a whole number", float: "a number", str: "a text"}


@dataclass(frozen=True)
class Notebook:
    """A notebook that can be run with parameters.

    Args:
        path: of the file.
        defaults: the values that its parameters cell assigns; ANY for a value that is no literal.
        kernel: the kernel's name.
        content: a hash of its code.
        code: a hash of the kit's modules that it imports, of those below them, and of the libraries' versions.
        remark: a sentence for the user, or empty.
    """

    path: Path
    defaults: Mapping[str, Any]
    kernel: str
    content: str
    code: str
    remark: str

    def checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values as the notebook gets them: whole numbers as 1.0 if its default is 1.0, data by the full path.

        Raises:
            ValueError: for a name that it does not have, or a value of another type or out of range.
            OSError: for data that do not exist.
        """
        checked = {}
        for name, value in values.items():
            if name == RESULTS:
                raise ValueError(f"the parameter {RESULTS} is set for each run: leave it out of the grid")
            if name not in self.defaults:
                hint = nearest(name, self.defaults) or f"it has {', '.join(self.defaults)}"
                raise ValueError(f"{self.path.name} has no parameter {name!r}: {hint.rstrip()}")
            # bool is no int here: True for a number is a mistake.
            whole = type(self.defaults[name]) is float and type(value) is int
            checked[name] = float(value) if whole else value  # 1 and 1.0 are one run
        if _LIKE_A_LESSON <= self.defaults.keys():
            from carekit.research.setting.parameters import of_lesson  # it needs torch: seconds, for lessons only

            if of_lesson("").keys() <= self.defaults.keys():
                return _checked_as_lesson(checked)
        for name, value in checked.items():
            default = self.defaults[name]
            if default is not ANY and default is not None and type(value) is not type(default):
                kind = _KINDS.get(type(default), f"a {type(default).__name__}")
                raise ValueError(f"{name} = {value!r} does not fit: the notebook has {default!r}, so give {kind}")
        return checked

    def data_facts(self, values: Mapping[str, Any]) -> str:
        """A hash of the data sets, files and folders that the parameters name; empty if they name none."""
        facts = {}
        for name, value in {**self.defaults, **values}.items():
            if name == RESULTS or not isinstance(value, str) or not value:
                continue
            place = self.path.parent / value
            if (place / _FACTS).is_file():
                facts[name] = sha256(place / _FACTS)
            elif os.path.exists(place):  # False for a text that can be no path
                facts[name] = stamp(place)
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest() if facts else ""


@cache  # one data set, many runs
def _prepared(path: str) -> str:
    """The full path of a prepared data set. Raises as `Prepared.open`."""
    from carekit.data.prepared import Prepared

    full = workspace.resolve(path).resolve()
    Prepared.open(full)
    return str(full)


def _checked_as_lesson(values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a lesson, by the rules of the lessons; data by the full path."""
    from carekit.material.drawing import KINDS
    from carekit.research.setting.parameters import check_parameters

    check_parameters(values)
    if values.get("data", "synthetic") in KINDS:
        return dict(values)
    return {**values, "data": _prepared(values["data"])}


def read_notebook(path: Path) -> Notebook:
    """Read a notebook and check that it can be run.

    Raises:
        FileNotFoundError: if it does not exist.
        ValueError: for a file that is no notebook, has no parameters cell, or needs a kernel that is not installed.
    """
    if not path.is_file():
        near = nearest(path.name, [file.name for file in path.parent.glob("*.ipynb")])
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
    defaults = {}
    for statement in tree.body:
        targets: list[Any] = []
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
        for name in (target.id for target in targets if isinstance(target, ast.Name)):
            defaults[name] = ANY
            with suppress(ValueError):
                defaults[name] = ast.literal_eval(statement.value)
    if not defaults:
        raise ValueError(f"the parameters cell of {path} assigns nothing: write lines such as tau = 0.7")
    return defaults
