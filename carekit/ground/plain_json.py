"""JSON from a file that may come from anywhere."""

import json
from typing import Any

DEEPEST = 32  # levels of lists and objects within one another: what the kit writes has fewer than ten


def parse(text: str | bytes, deepest: int = DEEPEST) -> Any:
    """What a text of JSON holds. Raises ValueError where it is none, or nested more than `deepest` levels."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError(f"its JSON is nested more than {deepest} levels") from None
    level = [found]
    for _ in range(deepest + 1):
        level = [part for each in level for part in _parts(each)]
        if not level:
            return found
    raise ValueError(f"its JSON is nested more than {deepest} levels")


def _parts(value: Any) -> list[Any]:
    """The lists and objects directly in a value."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [part for part in inside if isinstance(part, dict | list)]
