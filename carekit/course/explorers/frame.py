"""The frame around every explorer: one ES module for Jupyter, VS Code and pages without a kernel."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anywidget
import numpy as np
import traitlets
from IPython.display import display
from matplotlib.figure import Figure

from carekit.course.explorers import browser
from carekit.course.explorers.captions import fill
from carekit.course.explorers.controls import widened
from carekit.research.figures.show import bundle

MIME = "application/vnd.carekit.explorer+json"
_WIDGET = "application/vnd.jupyter.widget-view+json"


def packed(array: np.ndarray) -> dict[str, Any]:
    """An array for the browser: uint8 and int32 as they are, other numbers as float32."""
    dtype = array.dtype if array.dtype in (np.uint8, np.int32) else np.dtype(np.float32)
    data = np.ascontiguousarray(array, dtype)
    return {"dtype": dtype.name, "shape": list(data.shape), "data": base64.b64encode(data.tobytes()).decode()}


class Explorer(anywidget.AnyWidget):
    """A view that is drawn in the browser, of a scene that is sent once.

    Args:
        view: a folder of static/.
        title: what the explorer is called.
        caption: the template of its sentence, see `carekit.course.explorers.captions`.
        controls: made by `carekit.course.explorers.controls`.
        defaults: the values of the controls at the start, and after a reset: {name: value}.
        scene: what the view draws from; all of it goes into JSON.
        presets: what one button sets: {its text: {name: value}}.
        guess: the number that can be guessed first, {"name", "label"}, and "most" where it is between 0 and that.
        answer: gives the kernel's reply to a question that only the model can answer; an error is shown in the frame.
    """

    _esm = browser.module()
    _css = browser.style()
    state = traitlets.Dict().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        view: str,
        title: str,
        caption: str,
        controls: Sequence[Mapping[str, Any]],
        defaults: Mapping[str, Any],
        scene: Mapping[str, Any],
        *,
        presets: Mapping[str, Mapping[str, Any]] | None = None,
        guess: Mapping[str, Any] | None = None,
        answer: Callable[[dict], dict] | None = None,
    ):
        controls = [widened(control, defaults[control["name"]]) for control in controls]
        state: dict[str, Any] = {"view": view, "title": title, "caption": caption, "controls": controls}
        state |= {"defaults": dict(defaults), "scene": dict(scene), "guess": guess}
        state["presets"] = [[name, dict(values)] for name, values in (presets or {}).items()]  # a notebook sorts keys
        super().__init__(state=state, values=dict(defaults))
        self._answer = answer
        self.on_msg(self._reply)

    def _reply(self, _widget: Any, question: dict, _buffers: Any) -> None:
        number = question.get("number")
        try:
            if self._answer is None:
                raise ValueError("this explorer has nothing to ask the kernel")
            reply = self._answer(question)
        except Exception as error:  # shown where it is asked for, never as a traceback over the lesson
            reply = {"error": f"{error}" or type(error).__name__}
        self.send(reply | {"number": number})

    def show(self, still: Figure, values: Mapping[str, Any]) -> None:
        """Display it; without kernel and browser, a still picture and the caption of `values` are seen."""
        data, metadata = bundle(still, fill(self.state["caption"], values))
        view = {"model_id": self.model_id, "version_major": 2, "version_minor": 0}
        display(data | {_WIDGET: view, MIME: self.state}, metadata=metadata, raw=True)
