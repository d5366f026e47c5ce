"""The sentence below an explorer: one template, which Python fills for a still and static/captions.js on each move."""

import math
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

# {?name}yes{:}no{/} or {?name < other}yes{/}; the innermost section, whose parts hold no other section.
_SECTION = re.compile(r"\{\?(\w+)(?: ([<>]) ([\w.]+))?\}((?:(?!\{[?/:]).)*)(?:\{:\}((?:(?!\{[?/:]).)*))?\{/\}")
_FIELD = re.compile(r"\{(\w+)(?::\.(\d)f)?\}")


def fill(template: str, values: Mapping[str, Any]) -> str:
    """The sentence of `values`.

    `{name}` is a value as it is and `{name:.3f}` a rounded number, NaN as "unknown". `{?name}A{:}B{/}` is A where the
    value is there, which None, False and NaN are not; `{?name < other}A{:}B{/}` compares it with a value or a number.
    """
    # From the inside out: a section goes when all that are in it are gone.
    while section := _SECTION.search(template):
        name, sign, other, yes, no = section.groups(default="")
        chosen = yes if _holds(values, name, sign, other) else no
        template = template[: section.start()] + chosen + template[section.end() :]
    # All fields in one pass, so that a brace in a value begins no field.
    return _FIELD.sub(lambda field: written(values[field[1]], field[2]), template)


def _holds(values: Mapping[str, Any], name: str, sign: str, other: str) -> bool:
    value = values.get(name)
    if value is None or value is False or (isinstance(value, float) and math.isnan(value)):
        return False
    if not sign:
        return True
    limit = float(values.get(other, other))
    return (sign == "<" and value < limit) or (sign == ">" and value > limit)


def written(value: Any, digits: str | None) -> str:
    """A value as a sentence has it: with some digits, NaN as "unknown"; without digits as it is."""
    if digits is None:
        return str(value)
    if math.isnan(value):
        return "unknown"
    # As the browser: half is rounded away from zero, zero has no sign, and a minus is as wide as a plus.
    rounded = Decimal(value + 0.0).quantize(Decimal(f"1e-{digits}"), ROUND_HALF_UP)
    return f"{rounded}".replace("-", "\u2212")
