"""Fingerprint of the kit's code that a notebook imports: part of the name of its runs."""

import ast
import hashlib
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

import carekit
from carekit.ground import workspace

_NAME = carekit.__name__


def python_of(notebook: Any) -> str:
    """The code of a notebook's cells, with what IPython makes of magics."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return TransformerManager().transform_cell("\n".join(cells))


def fingerprint(source: str) -> str:
    """A hash of all modules of the kit that a piece of Python imports, with the modules below them; empty for none.

    A source that cannot be parsed counts as one that imports all public names.
    """
    modules = sorted(modules_of(source))
    if not modules:
        return ""
    code = "".join(workspace.code_fingerprint(module) for module in modules)
    return hashlib.sha256(code.encode()).hexdigest()


def modules_of(source: str) -> set[str]:
    """The kit's modules that a piece of Python imports: `from carekit import Care` is carekit.objectives."""
    public = {name: f"{_NAME}.{home}" for name, home in vars(carekit)["_HOME"].items()}
    try:
        tree = ast.parse(source)  # nothing is imported or run
    except SyntaxError:
        return set(public.values())
    modules: set[str] = set()
    for node in ast.walk(tree):
        names = [alias.name for alias in getattr(node, "names", []) if isinstance(alias, ast.alias)]
        if isinstance(node, ast.Import) and _NAME in names:
            modules |= set(public.values())
        elif isinstance(node, ast.ImportFrom) and node.module == _NAME:
            names = [public.get(name, f"{_NAME}.{name}") for name in names]
        elif isinstance(node, ast.ImportFrom):
            names = [str(node.module), *(f"{node.module}.{name}" for name in names)]
        modules |= {name for name in names if name.startswith(f"{_NAME}.")}
    return modules
