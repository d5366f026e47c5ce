"""`--grid NAME=VALUES`: lists and ranges of values, and their combinations."""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, product
from typing import Any

from carekit.ground.settings_as_data import literal

MANY = 1000  # runs that are planned without --yes
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
    parts = [part.strip() for part in text.split(",")]
    are_texts = are_texts and not text.startswith("[")  # a lesson takes a text or a list of texts
    values = literal(f"[{text}]")
    if are_texts or not isinstance(values, list):  # no list of literals: ranges and words
        if "" in parts:
            raise ValueError(f"--grid {name} has an empty value: write NAME=VALUE,VALUE without a comma too many")
        if are_texts:
            values = [_as_text(part) for part in parts]
        elif len(parts) == 1:
            return _span(name, text)  # a long range is not written out
        else:
            values = list(chain.from_iterable(_span(name, part) for part in parts))
    for place, value in enumerate(values):
        if value in values[:place]:
            raise ValueError(f"--grid {name} has {value!r} twice: a run is made once")
    return values


def _as_text(part: str) -> str:
    """A text, without the quotes that it may have."""
    value = literal(part)
    if isinstance(value, str):
        return value
    return part


def _span(name: str, text: str) -> Sequence[Any]:
    """The whole numbers of "0..4" as a range; the value itself for a text that is no range."""
    ends = _RANGE.fullmatch(text)
    if not ends:
        return [literal(text)]
    try:
        first, last = int(ends["first"]), int(ends["last"])
    except ValueError:
        raise ValueError(f"--grid {name}={text}: a range has whole numbers only, such as 0..4; list others") from None
    if last < first:
        raise ValueError(f"--grid {name}={text} runs backwards: write {last}..{first}")
    if last - first >= LONGEST:
        raise ValueError(f"--grid {name}={text} has more than {LONGEST:,} values: choose fewer")
    return range(first, last + 1)


def size(grid: Grid) -> int:
    """The number of combinations."""
    return math.prod(len(values) for values in grid.values())


def combinations(grid: Grid) -> Iterator[dict[str, Any]]:
    """Each combination of values, the last parameter varying fastest."""
    for values in product(*grid.values()):
        yield dict(zip(grid, values, strict=True))
