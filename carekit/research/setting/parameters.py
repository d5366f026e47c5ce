"""The parameters that every lesson has, their defaults and what they may be."""

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from carekit.experiment.profiles import PROFILES
from carekit.ground.messages import nearest
from carekit.material.drawing.marks import MARKS
from carekit.paper import DEFAULTS

PAPERMILL = "PAPERMILL_"  # how the names begin that papermill adds by --inject-paths


class Parameter(NamedTuple):
    """One parameter of the lessons.

    Args:
        default: its value when nothing is given.
        allowed: what it may be, in words.
        fits: whether a value is allowed.
        only: the one lesson that has it; empty: all have it.
        of_data: whether the data set depends on it, so that a new value needs new data.
    """

    default: Any
    allowed: str
    fits: Callable[[Any], bool]
    only: str = ""
    of_data: bool = False


def _number(low: float, high: float, kind: type | tuple[type, ...] = (int, float)) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        return isinstance(value, kind) and not isinstance(value, bool) and bool(low <= value <= high)  # type: ignore

    return fits


def _text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: object) -> bool:
    return _text(value) or (isinstance(value, list) and all(map(_text, value)))


PARAMETERS = {
    "data": Parameter("synthetic", '"synthetic" (skin), "synthetic-chest" or a prepared folder', _text, of_data=True),
    "profile": Parameter("laptop", '"fast", "laptop" or "paper"', lambda v: v in PROFILES, of_data=True),
    "seed": Parameter(0, "a whole number from 0 to 10000", _number(0, 10_000, int), of_data=True),
    "seeds": Parameter(3, "a whole number of runs from 1 to 50", _number(1, 50, int)),
    "alpha": Parameter(DEFAULTS.alpha, "a number with 0 <= alpha < 1", lambda v: _number(0, 1)(v) and v < 1),
    "tau": Parameter(DEFAULTS.tau, "a number with 0 < tau <= 1", lambda v: _number(0, 1)(v) and v > 0),
    "lam": Parameter(2.0, "a number from 0 to 100", _number(0, 100)),
    "box_scale": Parameter(
        DEFAULTS.box_scale, "a factor with 0 < box_scale <= 3", lambda v: _number(0, 3)(v) and v > 0
    ),
    "shortcut": Parameter(0.95, "a share from 0 to 1", _number(0, 1), of_data=True),
    "mark": Parameter(
        "", '"ink", "ruler", "chart", "marker" on real data, or nothing', lambda v: v in ("", *MARKS), of_data=True
    ),
    "max_per_class": Parameter(0, "a whole number of training images, 0 for all", _number(0, 10**6, int), of_data=True),
    "strategies": Parameter(
        "some", '"some", "all", or a list of names such as ["plain", "focal"]', _texts, only="07_strategies"
    ),
    "results": Parameter("", "the file for the results, or nothing", _text),
}


class NotebookParameters(Mapping[str, Any]):
    """The parameters of a notebook, read from its variables at each access: name -> checked value.

    An edited parameter counts from the moment its cell is run, so a cell and the lesson can never hold two values.

    Raises:
        ValueError: on access, for a value out of range, and for a new value of a parameter that the data depend on.
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._opened = self._now()

    def _now(self) -> dict[str, Any]:
        return check_parameters({name: self._namespace[name] for name in PARAMETERS if name in self._namespace})

    def __getitem__(self, name: str) -> Any:
        now = self._now()
        # The data were drawn or read once, with the values of that time.
        for key, opened in self._opened.items():
            if PARAMETERS[key].of_data and now[key] != opened:
                raise ValueError(
                    f"{key} is {now[key]!r} now, and the data were made with {opened!r}: run the set-up cell, "
                    "the one with open_setting, and all cells after it again"
                )
        return now[name]

    def __iter__(self) -> Iterator[str]:
        return iter(PARAMETERS)

    def __len__(self) -> int:
        return len(PARAMETERS)


def of_lesson(name: str) -> dict[str, Parameter]:
    """The parameters that the notebook of this name has."""
    return {key: parameter for key, parameter in PARAMETERS.items() if parameter.only in ("", name)}


def check_parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with the defaults filled in. Raises ValueError, one sentence, for an unknown name or a value that is
    out of range."""
    for name, value in values.items():
        if name not in PARAMETERS:
            hint = nearest(name, PARAMETERS) or f"choose from {', '.join(PARAMETERS)}"
            raise ValueError(f"there is no parameter {name!r}: {hint.rstrip()}")
        if not PARAMETERS[name].fits(value):
            raise ValueError(f"{name} = {value!r} is out of range: give {PARAMETERS[name].allowed}")
    return {name: parameter.default for name, parameter in PARAMETERS.items()} | dict(values)


def assigned_names(source: str) -> dict[str, Any]:
    """The literals that a parameters cell assigns: name -> value; not the paths that papermill may add.

    Raises:
        ValueError: naming a parameter that is no literal.
    """
    # Parsed, never run: a value that is no literal is refused.
    pairs = [(node.targets[0], node.value) for node in ast.parse(source).body if isinstance(node, ast.Assign)]
    named = {target.id: value for target, value in pairs if isinstance(target, ast.Name)}
    return {name: _literal(name, value) for name, value in named.items() if not name.startswith(PAPERMILL)}


def _literal(name: str, value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except ValueError:  # such as float('nan'), as papermill writes what is no number
        allowed = ""
        if name in PARAMETERS:
            allowed = f": give {PARAMETERS[name].allowed}"
        raise ValueError(f"{name} = {ast.unparse(value)} is no plain value{allowed}") from None
