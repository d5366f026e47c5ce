"""What names a run besides its parameters: the kit's code that the notebook imports."""

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
    """A hash of all modules of the kit that a piece of Python imports, with what they need; empty for none.

    A source that cannot be parsed counts as one that imports everything with a short name.
    """
    digest = hashlib.sha256()
    modules = sorted(modules_of(source))
    for module in modules:
        digest.update(workspace.code_fingerprint(module).encode())
    return digest.hexdigest() if modules else ""


def modules_of(source: str) -> set[str]:
    """The kit's modules that a piece of Python imports: `from carekit import Care` is carekit.objectives."""
    short = {name: f"{_NAME}.{home}" for name, home in vars(carekit)["_HOME"].items()}
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set(short.values())
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            found |= {name for name in names if name.startswith(f"{_NAME}.")}
            found |= set(short.values()) if _NAME in names else set()
        elif isinstance(node, ast.ImportFrom) and node.module == _NAME:
            found |= {short.get(alias.name, f"{_NAME}.{alias.name}") for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{_NAME}."):
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found
