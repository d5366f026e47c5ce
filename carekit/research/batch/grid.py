"""What `--grid NAME=VALUES` says: lists and ranges of values, and their combinations."""

import ast
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from carekit.ground.settings_as_data import parse

MANY = 1000  # runs that are planned without a further word
LONGEST = 10**6  # values of one range
_RANGE = re.compile(r"(?P<first>[-+]?[\d.]*\d)\.\.(?P<last>[-+]?\d[\d.]*)")

Grid = Mapping[str, Sequence[Any]]


def parse_grid(texts: Sequence[str], names_of_texts: Collection[str] = ()) -> dict[str, Sequence[Any]]:
    """Parameters and their values, in the order given.

    Args:
        texts: each "NAME=VALUES" with values apart by commas, whole numbers also as "0..4", both ends included.
        names_of_texts: parameters whose values are texts, whatever they look like.

    Raises:
        ValueError: for no values, a name or value given twice, a range that runs backwards or is none.
    """
    grid: dict[str, Sequence[Any]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip()
        if not equals or not values.strip():
            raise ValueError(f"--grid {text!r} has no values: write NAME=VALUE,VALUE, such as tau=0.5,0.7")
        if name in grid:
            raise ValueError(f"--grid has {name!r} twice: give all its values at once, such as {name}=1,2,3")
        grid[name] = _values(name, values.strip(), name in names_of_texts)
    if not grid:
        raise ValueError("a grid of nothing: give --grid NAME=VALUES at least once, such as --grid seed=0..4")
    return grid


def _values(name: str, text: str, are_texts: bool) -> Sequence[Any]:
    are_texts = are_texts and not text.startswith("[")  # a lesson takes a text or a list of them
    if not are_texts and (span := _range(name, text)) is not None:
        return span
    parts = [part.strip() for part in text.split(",")]
    found = [each for part in parts for each in _one(name, part, are_texts)] if are_texts else _mixed(name, text, parts)
    for place, value in enumerate(found):
        if value in found[:place]:
            raise ValueError(f"--grid {name} has {value!r} twice: a run is made once")
    return found


def _mixed(name: str, text: str, parts: Sequence[str]) -> list[Any]:
    """Literals, lists among them; where these are none, each part between commas by itself."""
    try:
        return list(ast.literal_eval(f"[{text}]"))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return [each for part in parts for each in _one(name, part, False)]


def _one(name: str, part: str, is_text: bool) -> Sequence[Any]:
    if not part:
        raise ValueError(f"--grid {name} has an empty value: write NAME=VALUE,VALUE without a comma too many")
    if is_text:
        value = parse(part)
        return [value if isinstance(value, str) else part]  # quotes are no part of it
    span = _range(name, part)
    return [parse(part)] if span is None else span


def _range(name: str, text: str) -> range | None:
    """The whole numbers of "0..4"; None for a text that is no range. Nothing is made of them yet."""
    found = _RANGE.fullmatch(text)
    if not found:
        return None
    try:
        first, last = int(found["first"]), int(found["last"])
    except ValueError:
        raise ValueError(f"--grid {name}={text}: a range has whole numbers only, such as 0..4; list others") from None
    if last < first:
        raise ValueError(f"--grid {name}={text} runs backwards: write {last}..{first}")
    if last - first >= LONGEST:
        raise ValueError(f"--grid {name}={text} has more than {LONGEST:,} values: choose fewer")
    return range(first, last + 1)


def size(grid: Grid) -> int:
    """How many combinations there are."""
    return math.prod(len(values) for values in grid.values())


def combinations(grid: Grid) -> Iterator[dict[str, Any]]:
    """Each combination of values, the last parameter varying fastest."""
    for values in product(*grid.values()):
        yield dict(zip(grid, values, strict=True))
