"""Plain sliders over a figure, with a still picture for whoever has no kernel."""

import inspect
from collections.abc import Callable

import ipywidgets as widgets
from IPython.display import display
from matplotlib.figure import Figure

from carekit.lessons.show import bundle, png

Draw = Callable[..., tuple[Figure, str]]


def explore(draw: Draw, **controls: tuple | list) -> None:
    """Show draw(**values) -> (figure, text) under one slider for each control.

    A control is (low, high, step), or a list of choices; a slider starts at the default of `draw`'s argument. What is
    shown carries the widget and the picture of the defaults: a page without a kernel shows the picture.
    """
    defaults = {name: each.default for name, each in inspect.signature(draw).parameters.items()}
    inputs = {name: _control(name, control, defaults[name]) for name, control in controls.items()}
    picture, words = widgets.Image(format="png", layout={"max_width": "100%"}), widgets.HTML()

    def update(_change=None):
        figure, text = draw(**{name: each.value for name, each in inputs.items()})
        picture.value, words.value = png(figure), f'<p role="status" aria-live="polite">{text}</p>'

    for each in inputs.values():
        each.observe(update, "value")
    update()
    box = widgets.VBox([*inputs.values(), picture, words], layout={"align_items": "flex-start"})
    figure, text = draw(**{name: defaults[name] for name in inputs})
    still, metadata = bundle(figure, text)
    view = {"model_id": box.model_id, "version_major": 2, "version_minor": 0}
    display(still | {"application/vnd.jupyter.widget-view+json": view}, metadata=metadata, raw=True)


def _control(name: str, control: tuple | list, value) -> widgets.Widget:
    options = {"description": name, "style": {"description_width": "7em"}, "layout": {"width": "min(30em, 95%)"}}
    if isinstance(control, list):
        return widgets.Dropdown(options=control, value=value, **options)
    low, high, step = control
    slider = widgets.IntSlider if all(isinstance(part, int) for part in control) else widgets.FloatSlider
    return slider(min=low, max=high, step=step, value=value, continuous_update=True, **options)
