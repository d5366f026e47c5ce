"""Settings as plain data that JSON can hold: equal settings give equal data, in any process."""

import ast
from dataclasses import fields, is_dataclass
from typing import Any


def to_plain(setting: Any) -> Any:
    """A dataclass as its type and its fields, containers as lists and dicts; 1 and 1.0 are one number.

    Raises:
        TypeError: for an object that is neither of these nor plain data.
    """
    if is_dataclass(setting) and not isinstance(setting, type):
        kind = type(setting)
        values = {field.name: to_plain(getattr(setting, field.name)) for field in fields(setting)}
        return {"type": f"{kind.__module__}.{kind.__qualname__}"} | values
    if isinstance(setting, dict):
        return {str(name): to_plain(value) for name, value in setting.items()}
    if isinstance(setting, list | tuple):
        return [to_plain(value) for value in setting]
    if isinstance(setting, float) and setting.is_integer():
        return int(setting)
    if setting is None or isinstance(setting, str | bool | int | float):
        return setting
    raise TypeError(f"{setting!r} is no plain setting: give numbers, texts, or dataclasses of these")


def literal(text: str) -> Any:
    """The value of a Python literal, such as one on the command line; any other text is the value itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):  # the last two for thousands of signs or brackets
        return text
