"""Registries of what can be chosen by name: maps, objectives, strategies, backbones, sources of boxes, metrics.

A registry is a dict. An entry that a notebook or another package adds is found wherever the registry is used: worker
processes get it too, and its source is part of the name of a result, as the kit's own code is.
"""

import hashlib
import inspect
from collections.abc import Mapping
from typing import Any, TypeVar

from carekit.ground.messages import one_of

Entry = TypeVar("Entry")
_REGISTRIES: dict[str, "Registry[Any]"] = {}


class Registry(dict[str, Entry]):
    """Entries by name.

    Args:
        what: the word for an entry in errors: "backbone".
        entries: the kit's own.
        key: the registry's name among all registries, by default `what`. Workers find a registry by it.

    Raises:
        ValueError: for a second registry of the same key, whose additions would hide those of the first.
    """

    def __init__(self, what: str, entries: Mapping[str, Entry], key: str = ""):
        super().__init__(entries)
        self.what = what
        self.own = frozenset(entries)
        key = key or what
        if key in _REGISTRIES:
            raise ValueError(f"there is a table {key!r} already: give another key")
        _REGISTRIES[key] = self

    def named(self, name: str) -> Entry:
        """The entry of this name. Raises ValueError with the nearest names for an unknown one."""
        return self[one_of(self.what, name, self)]


def additions() -> dict[str, dict[str, Any]]:
    """The entries that are not the kit's own: registry -> name -> entry."""
    added: dict[str, dict[str, Any]] = {}
    for key, registry in _REGISTRIES.items():
        for name in registry.keys() - registry.own:
            added.setdefault(key, {})[name] = registry[name]
    return added


def adopt(added: Mapping[str, Mapping[str, Any]]) -> None:
    """Add the `additions` of another process to the registries of this one."""
    for key, entries in added.items():
        _REGISTRIES[key].update(entries)


def fingerprint_of_additions() -> str:
    """A hash of the source of all additions; empty if there are none."""
    sources = []
    for key, entries in sorted(additions().items()):
        for name, entry in sorted(entries.items()):
            parts = entry if isinstance(entry, tuple) else (entry,)
            sources += [f"{key}.{name}: {_source(part)}" for part in parts]
    if not sources:
        return ""
    return hashlib.sha256("\n".join(sources).encode()).hexdigest()


def _source(part: Any) -> str:
    """The source of a function or class; of an object, its text and the source of its class."""
    try:
        if inspect.isroutine(part) or inspect.isclass(part):
            return inspect.getsource(part)
        return f"{part!r} {inspect.getsource(type(part))}"
    except (OSError, TypeError):  # typed at a prompt, or a plain value
        return repr(part)
