"""What the lessons' parameters may be, for a notebook that has them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from carekit.data.prepared import Prepared
from carekit.ground import workspace
from carekit.material.drawing import KINDS
from carekit.research.setting.parameters import check_parameters, of_lesson


def checked_as_lesson(defaults: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The values with data by their full path; None for a notebook that lacks a parameter that all lessons have.

    Raises:
        ValueError: for a value that is out of range, or a name that no lesson has.
        OSError: for data that are not there.
    """
    if not of_lesson("").keys() <= defaults.keys():
        return None
    check_parameters(values)
    found = dict(values)
    if "data" in found and found["data"] not in KINDS:
        found["data"] = str(workspace.resolve(found["data"]).resolve())
        _must_be_prepared(found["data"])
    return found


@cache
def _must_be_prepared(path: str) -> None:
    """Open a data set once, however many runs take it. Raises as `Prepared.open`."""
    Prepared.open(path)
