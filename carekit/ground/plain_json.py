"""JSON from a file that may come from anywhere."""

import json
from typing import Any

DEEPEST = 32  # levels of lists and objects within one another: files of the kit have fewer than ten


def parse(text: str | bytes, deepest: int = DEEPEST) -> Any:
    """The value of a JSON text. Raises ValueError for other text, or for more than `deepest` levels."""
    too_deep = ValueError(f"its JSON is nested more than {deepest} levels")
    try:
        value = json.loads(text)
    except RecursionError:
        raise too_deep from None
    level = [value]
    for _ in range(deepest + 1):
        below: list[Any] = []
        for container in level:
            if isinstance(container, dict):
                below += container.values()
            elif isinstance(container, list):
                below += container
        level = [inner for inner in below if isinstance(inner, dict | list)]
        if not level:
            return value
    raise too_deep
