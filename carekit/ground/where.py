"""From a name or an equation of the method to the lines that compute it and the lesson that derives it."""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from carekit.ground.messages import nearest

PACKAGE = Path(__file__).parents[1]
LESSONS = PACKAGE.parent / "notebooks"  # only in a checkout
ROOMS = ("method", "objectives")
_LIST = r"\d+(?:(?:, | and )\d+)*"
_LESSON = re.compile(rf"Lessons? ({_LIST})(?:, Eqs?\. ({_LIST}))?\.$")
_SYMBOL = re.compile(r"(?:^|[\s(])([^\s()|=]+)(?: =|: (?=[01] ))", re.MULTILINE)  # "L_in = ...", "M_in: 1 at ..."
_SPELLED = {"α": "alpha", "λ": "lam", "σ": "sigma", "τ": "tau", "{": "", "}": "", "\\": "", "$": ""}


class Place(NamedTuple):
    """A public function or class of the method: where it is defined, and what its docstring says of lessons."""

    name: str
    file: Path
    first: int
    last: int
    doc: str
    lessons: tuple[int, ...]
    equations: tuple[int, ...]
    fields: tuple[str, ...]

    @property
    def names(self) -> set[str]:
        """What it can be asked for by: its name, its fields, its equations, the symbols that its docstring defines."""
        summary = self.doc.partition("\n\n")[0]
        return {
            self.name,
            *self.fields,
            *map(_spelled, _SYMBOL.findall(summary)),
            *(f"Eq. {n}" for n in self.equations),
        }


def places() -> Iterator[Place]:
    """All public functions and classes of `carekit.method` and `carekit.objectives`, read from the source.

    Of the methods of a class those whose docstring ends with a lesson.
    """
    files: list[Path] = []
    for room in ROOMS:
        files += sorted((PACKAGE / room).rglob("*.py"))
    for file in files:
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            yield _place(node, node.name, file)
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and _LESSON.search(ast.get_docstring(method) or ""):
                    yield _place(method, f"{node.name}.{method.name}", file)


def _place(node: ast.FunctionDef | ast.ClassDef, name: str, file: Path) -> Place:
    doc = ast.get_docstring(node) or ""
    lessons, equations = "", ""
    if ending := _LESSON.search(doc):
        lessons, equations = ending.groups()
    fields: list[str] = []
    if isinstance(node, ast.ClassDef):  # an annotated name in a function is a local, not a field
        for line in node.body:
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                fields.append(line.target.id)
    last = node.end_lineno or node.lineno
    return Place(name, file, node.lineno, last, doc, _numbers(lessons), _numbers(equations), tuple(fields))


def where(name: str) -> None:
    """Print the file, the line and the lesson of a function, an equation or a symbol of the method.

    Args:
        name: such as "inner_loss", "L_in", "Eq. 6" or "6".

    Raises:
        ValueError: for an unknown name, with the nearest ones.
    """
    asked = _spelled(str(name))
    if asked.isdigit():  # "6" asks for equation 6
        asked = f"Eq. {asked}"
    every = list(places())
    matches = [place for place in every if asked in place.names]
    if not matches:
        names: set[str] = set()
        for place in every:
            names |= place.names
        close = nearest(asked, sorted(names))
        raise ValueError(f"{name!r} is no name of the method: {close}ask for a function, L_in or Eq. 6")
    for place in matches:
        summary = place.doc.partition("\n")[0]
        print(f"{os.path.relpath(place.file)}, line {place.first}: {place.name}\n    {summary}")
        for number in place.lessons:
            titles = [path.name for path in LESSONS.glob(f"{number:02d}_*.ipynb")]
            print(f"    Lesson {number}: {', '.join(titles) or 'see the notebooks of the course'}")


def _numbers(text: str | None) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text or "")))


def _spelled(symbol: str) -> str:
    """A symbol as one types it: "σ_k" is sigma_k, "L_{in}" is L_in."""
    for letter, letters in _SPELLED.items():
        symbol = symbol.replace(letter, letters)
    return symbol
