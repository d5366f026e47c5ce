"""Tables of what can be chosen by name: maps, objectives, strategies, backbones, sources of boxes, metrics.

A table is a dict. Whoever adds an entry, from a notebook or a package of their own, finds it wherever the table is
used: worker processes get it too, and its source decides the name of a result as the kit's own code does.
"""

import hashlib
import inspect
from collections.abc import Mapping
from typing import Any, TypeVar

from carekit.ground.messages import one_of

Entry = TypeVar("Entry")
_TABLES: dict[str, "Table[Any]"] = {}


class Table(dict[str, Entry]):
    """Entries by name.

    Args:
        what: what an entry is, in the words of an error: "backbone".
        entries: the kit's own.
        key: the table's name among all tables, by default `what`. Workers find a table by it.

    Raises:
        ValueError: for a second table of the same key, whose additions would hide those of the first.
    """

    def __init__(self, what: str, entries: Mapping[str, Entry], key: str = ""):
        super().__init__(entries)
        self.what = what
        self.own = frozenset(entries)
        key = key or what
        if key in _TABLES:
            raise ValueError(f"there is a table {key!r} already: give another key")
        _TABLES[key] = self

    def named(self, name: str) -> Entry:
        """The entry of this name. Raises ValueError, with the nearest names, where there is none."""
        return self[one_of(self.what, name, self)]


def additions() -> dict[str, dict[str, Any]]:
    """The entries that are not the kit's own: table -> name -> entry."""
    found = {what: {name: table[name] for name in table.keys() - table.own} for what, table in _TABLES.items()}
    return {what: entries for what, entries in found.items() if entries}


def adopt(added: Mapping[str, Mapping[str, Any]]) -> None:
    """Add what `additions` found in another process to the tables of this one."""
    for what, entries in added.items():
        _TABLES[what].update(entries)


def fingerprint_of_additions() -> str:
    """A hash of the source of all additions; empty where there are none."""
    sources = [
        f"{what}.{name}: {_source(part)}"
        for what, entries in sorted(additions().items())
        for name, entry in sorted(entries.items())
        for part in (entry if isinstance(entry, tuple) else (entry,))
    ]
    return hashlib.sha256("\n".join(sources).encode()).hexdigest() if sources else ""


def _source(part: Any) -> str:
    code = part if inspect.isroutine(part) or inspect.isclass(part) else type(part)
    try:
        return f"{part!r} " * (code is not part) + inspect.getsource(code)
    except (OSError, TypeError):  # typed at a prompt, or a plain value
        return repr(part)
