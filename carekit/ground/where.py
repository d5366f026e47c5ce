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
    for file in sorted(path for room in ROOMS for path in (PACKAGE / room).rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            yield _place(node, node.name, file)
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and _LESSON.search(ast.get_docstring(method) or ""):
                    yield _place(method, f"{node.name}.{method.name}", file)


def _place(node: ast.FunctionDef | ast.ClassDef, name: str, file: Path) -> Place:
    doc = ast.get_docstring(node) or ""
    ends = _LESSON.search(doc)
    lessons, equations = ("", "") if ends is None else ends.groups()
    annotated = [line.target for line in node.body if isinstance(line, ast.AnnAssign)]
    fields = [target.id for target in annotated if isinstance(node, ast.ClassDef) and isinstance(target, ast.Name)]
    first, last = node.lineno, node.end_lineno or node.lineno
    return Place(name, file, first, last, doc, _numbers(lessons), _numbers(equations), tuple(fields))


def where(name: str) -> None:
    """Print the file, the line and the lesson of a function, an equation or a symbol of the method.

    Args:
        name: such as "inner_loss", "L_in", "Eq. 6" or "6".

    Raises:
        ValueError: for an unknown name, with the nearest ones.
    """
    asked = _spelled(str(name))
    asked = f"Eq. {asked}" if asked.isdigit() else asked
    found = [place for place in places() if asked in place.names]
    if not found:
        names = sorted(set().union(*(place.names for place in places())))
        raise ValueError(f"{name!r} is no name of the method: {nearest(asked, names)}ask for a function, L_in or Eq. 6")
    for place in found:
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
