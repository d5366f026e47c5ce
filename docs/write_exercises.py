"""Write the exercises' cells into the notebooks, from carekit/course/exercises: run it after a change there.

Run it with the project's environment: `.venv/bin/python docs/write_exercises.py`. A cell is found by its id and keeps
its place; one that is not there yet comes before the cell "claim-text".
"""

from pathlib import Path

import nbformat

from carekit.course.exercises import EXERCISES
from carekit.course.exercises.rendering import cells

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def write(path: Path) -> None:
    """Bring the exercises of one lesson up to date."""
    notebook = nbformat.read(path, 4)
    for exercise in (each for each in EXERCISES.values() if each.lesson == int(path.stem[:2])):
        for id_, kind, source, tags in cells(exercise):
            place = next((i for i, cell in enumerate(notebook.cells) if cell.id == id_), None)
            if place is None:
                make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
                place = next(i for i, cell in enumerate(notebook.cells) if cell.id == "claim-text")
                notebook.cells.insert(place, make(id=id_, metadata={"tags": tags} if tags else {}))
            notebook.cells[place].source = source
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        write(path)
