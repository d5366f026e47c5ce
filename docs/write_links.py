"""Write the links from the lessons to the lines of the code: run it after a change in carekit/method or objectives.

Run it with the project's environment: `.venv/bin/python docs/write_links.py`. A link such as
[`inner_loss`](../carekit/method/attention.py#L1-L2) gets the lines where that name is defined today. The cell
"code-of-lesson" lists all functions whose docstrings name the lesson.
"""

import ast
import re
from pathlib import Path

import nbformat

from carekit.ground.where import PACKAGE, places

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "notebooks"
LINK = re.compile(r"\[`([\w.]+)`\]\(\.\./(carekit/[\w/]+\.py)(?:#[-L\d]*)?\)")
CELL = "code-of-lesson"
HEAD = (
    "## The code of this lesson\n\nEach name leads to its lines. In a cell, `carekit.where({first!r})` prints them, "
    "and the lesson of a function."
)


def link(name: str, file: str) -> str:
    """A link from a notebook to the lines of a function, class or method, such as "Care.parts".

    Raises KeyError where the file defines no such name.
    """
    node: ast.AST = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    for step in name.split("."):
        node = {child.name: child for child in ast.iter_child_nodes(node) if hasattr(child, "name")}[step]
    return f"[`{name}`](../{file}#L{node.lineno}-L{node.end_lineno})"


def code_of(lesson: int) -> str:
    """The list of a lesson's functions, a line for each file; empty for a lesson without any."""
    names: dict[str, list[str]] = {}
    for place in places():
        if lesson in place.lessons:
            names.setdefault(place.file.relative_to(PACKAGE.parent).as_posix(), []).append(place.name)
    if not names:
        return ""
    lines = [f"- {file}: {', '.join(link(name, file) for name in defined)}" for file, defined in names.items()]
    return HEAD.format(first=next(iter(names.values()))[0]) + "\n\n" + "\n".join(lines)


def bring_up_to_date(path: Path) -> nbformat.NotebookNode:
    """A lesson with the lines of today."""
    notebook = nbformat.read(path, 4)
    listed = code_of(int(path.stem[:2]))
    notebook.cells = [cell for cell in notebook.cells if cell.id != CELL]
    if listed:
        place = next(i for i, cell in enumerate(notebook.cells) if cell.id == "next")
        notebook.cells.insert(place, nbformat.v4.new_markdown_cell(listed, id=CELL))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(lambda found: link(*found.groups()), cell.source)
    return notebook


if __name__ == "__main__":
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        nbformat.write(bring_up_to_date(path), path)
