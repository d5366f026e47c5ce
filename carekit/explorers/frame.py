"""The frame around every explorer: one ES module for Jupyter, VS Code and pages without a kernel."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import matplotlib
import numpy as np
import traitlets
from IPython.display import display
from matplotlib.figure import Figure

from carekit.lessons.plots import COLOURS, MAP
from carekit.lessons.show import bundle

STATIC = Path(__file__).parent / "static"
MIME = "application/vnd.carekit.explorer+json"
_WIDGET = "application/vnd.jupyter.widget-view+json"


@cache
def module() -> str:
    """The ES module of all explorers, made of the files in static/: no build step, nothing loaded from elsewhere."""
    colours = (matplotlib.colormaps[MAP](np.arange(256))[:, :3] * 255).round().astype(int)
    head = f"""const COLOURS = {json.dumps(COLOURS)};
const PALETTE = {json.dumps(colours.tolist(), separators=(",", ":"))};
function colour(value, opacity) {{
  const [r, g, b] = PALETTE[Math.min(255, Math.max(0, Math.round(value * 255)))];
  return [r, g, b, opacity];
}}
"""
    views = sorted(path for path in STATIC.glob("*.js") if path.name != "core.js")
    parts = [head, *((path).read_text(encoding="utf-8") for path in (STATIC / "core.js", *views))]
    return "\n".join(parts) + "\nexport default { render };\n"


def style() -> str:
    """The style sheet of all explorers."""
    return (STATIC / "explorer.css").read_text(encoding="utf-8")


def packed(array: np.ndarray) -> dict[str, Any]:
    """An array for the browser: uint8 and int32 as they are, other numbers as float32."""
    dtype = array.dtype if array.dtype in (np.uint8, np.int32) else np.dtype(np.float32)
    data = np.ascontiguousarray(array, dtype)
    return {"dtype": dtype.name, "shape": list(data.shape), "data": base64.b64encode(data.tobytes()).decode()}


def slider(name: str, label: str, low: float, high: float, step: float, parameter: str = "") -> dict[str, Any]:
    """A control for a number; `parameter` is its name among the notebooks' parameters, if it is one of them."""
    return {"name": name, "label": label, "low": low, "high": high, "step": step, "parameter": parameter}


def choice(name: str, label: str, choices: Sequence[str]) -> dict[str, Any]:
    """A control for one of several words."""
    return {"name": name, "label": label, "choices": list(choices)}


def toggle(name: str, label: str) -> dict[str, Any]:
    """A control for yes or no."""
    return {"name": name, "label": label, "toggle": True}


def _holding(control: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """The control, a slider with its range widened to the value: a notebook's parameter may be any that is valid."""
    if "low" not in control:
        return dict(control)
    return dict(control) | {"low": min(control["low"], value), "high": max(control["high"], value)}


class Explorer(anywidget.AnyWidget):
    """A view that is drawn in the browser, of a scene that is sent once.

    view: the name of a function in static/*.js. state: title, controls, presets, defaults, scene and, if one number
    can be guessed, guess = {"name", "label"}; all of it goes into JSON. values: what the controls stand at.
    answer(question) gives the kernel's reply to what only the model can tell; an error in it is told in the frame.
    """

    _esm = module()
    _css = style()
    state = traitlets.Dict().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        view: str,
        title: str,
        controls: Sequence[Mapping[str, Any]],
        defaults: Mapping[str, Any],
        scene: Mapping[str, Any],
        *,
        presets: Mapping[str, Mapping[str, Any]] | None = None,
        guess: Mapping[str, str] | None = None,
        answer: Callable[[dict], dict] | None = None,
    ):
        controls = [_holding(control, defaults[control["name"]]) for control in controls]
        state = {"view": view, "title": title, "controls": controls, "defaults": dict(defaults)}
        state |= {"scene": dict(scene), "guess": guess}
        state["presets"] = [[name, dict(values)] for name, values in (presets or {}).items()]  # a notebook sorts keys
        super().__init__(state=state, values=dict(defaults))
        self._answer = answer
        self.on_msg(self._reply)

    def _reply(self, _widget, question: dict, _buffers) -> None:
        number = question.get("number")
        try:
            if self._answer is None:
                raise ValueError("this explorer has nothing to ask the kernel")
            reply = self._answer(question)
        except Exception as error:  # told where it is asked for, never as a traceback over the lesson
            reply = {"error": f"{error}" or type(error).__name__}
        self.send(reply | {"number": number})

    def show(self, figure: Figure, words: str) -> None:
        """Display it, with a still picture and its words for whoever has no kernel and no browser."""
        data, metadata = bundle(figure, words)
        view = {"model_id": self.model_id, "version_major": 2, "version_minor": 0}
        display(data | {_WIDGET: view, MIME: self.state}, metadata=metadata, raw=True)
