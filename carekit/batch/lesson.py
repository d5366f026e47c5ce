"""What the lessons' parameters may be, for a notebook that has them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from carekit import workspace
from carekit.data.prepared import Prepared
from carekit.data.synthetic import KINDS
from carekit.lessons.parameters import PARAMETERS, check_parameters


def checked_as_lesson(defaults: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with data by their full path; as they are, where the notebook lacks a parameter that lessons have.

    Raises:
        ValueError: for a value that is out of range.
        OSError: for data that are not there.
    """
    found = dict(values)
    if not PARAMETERS.keys() <= defaults.keys():
        return found
    check_parameters({name: value for name, value in found.items() if name in PARAMETERS})
    if "data" in found and found["data"] not in KINDS:
        found["data"] = str(workspace.resolve(found["data"]).resolve())
        _must_be_prepared(found["data"])
    return found


@cache
def _must_be_prepared(path: str) -> None:
    """Open a data set once, however many runs take it. Raises as `Prepared.open`."""
    Prepared.open(path)
