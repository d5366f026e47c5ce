"""What can be moved in an explorer: sliders, menus and switches, as the browser makes them."""

from collections.abc import Mapping
from typing import Any

from carekit.paper import DEFAULTS

Control = dict[str, Any]

# The notebooks' parameters that have a slider: its label, its ends and its step.
_SLIDERS = {
    "tau": {"label": "τ", "low": 0.05, "high": 1.0, "step": 0.01},
    "lam": {"label": "λ", "low": 0.0, "high": 3.0, "step": 0.05},
    "alpha": {"label": "α", "low": 0.0, "high": 0.95, "step": 0.05},
    "box_scale": {"label": "Box scale", "low": 0.5, "high": 1.5, "step": 0.05},
}
# How they are written in a sentence or on an axis.
SIGNS = {"alpha": "α", "tau": "τ", "lam": "λ", "box_scale": "box scale"}
PAPER = {name: getattr(DEFAULTS, name) for name in _SLIDERS}
# What two explorers suggest: a preset sets the parameters that it does not name to the paper's values.
PAPER_PRESETS = {
    "The paper's values": PAPER,
    "τ too small": PAPER | {"tau": 0.1},
    "A loose box": PAPER | {"box_scale": 1.5},
}


def slider(name: str, label: str, low: float, high: float, step: float) -> Control:
    """A control for a number from `low` to `high`."""
    return {"name": name, "label": label, "low": low, "high": high, "step": step}


def index(name: str, label: str, most: int) -> Control:
    """A slider over the places 0 to `most`, with a button for the one before and one for the next."""
    return slider(name, label, 0, most, 1) | {"steps": True}


def parameter(name: str, **other: float) -> Control:
    """A slider for one of the notebooks' parameters, with `low`, `high` or `step` other than usual."""
    return {"name": name, "parameter": name} | _SLIDERS[name] | other


def choice(name: str, label: str, choices: Mapping[str, str]) -> Control:
    """A control for one of several `choices` {key: label}: the value is the key, the label is what is read."""
    return {"name": name, "label": label, "choices": [{"key": key, "label": text} for key, text in choices.items()]}


def toggle(name: str, label: str) -> Control:
    """A control for yes or no."""
    return {"name": name, "label": label, "toggle": True}


def widened(control: Mapping[str, Any], value: Any) -> Control:
    """The control, a slider with its range widened to the value: a notebook's parameter may be any that is valid."""
    if "low" not in control:
        return dict(control)
    return dict(control) | {"low": min(control["low"], value), "high": max(control["high"], value)}
