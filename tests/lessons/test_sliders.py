import base64

import matplotlib.pyplot as plt
import pytest

from carekit.lessons import plots, show, sliders


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, and the widgets that `explore` makes."""
    displayed, made = [], []
    monkeypatch.setattr(sliders, "display", lambda data, **options: displayed.append((data, options)))
    box = sliders.widgets.VBox
    monkeypatch.setattr(sliders.widgets, "VBox", lambda children, **options: made.append(children) or box(children))
    return displayed, made


def draw(tau=0.7, image=1, outer="binary"):
    figure, axes = plots.grid(1)
    axes[0, 0].set_title(f"{tau} {image} {outer}")
    return figure, f"tau {tau:.2f}, image {image}, {outer}"


def test_it_shows_the_widget_and_a_still_picture_with_its_text(shown):
    sliders.explore(draw, tau=(0.0, 1.0, 0.05), image=(0, 3, 1), outer=["binary", "distance"])
    (data, options), *more = shown[0]
    assert not more and "application/vnd.jupyter.widget-view+json" in data
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"] == options["metadata"]["image/png"]["alt"] == "tau 0.70, image 1, binary"


def test_moving_a_control_draws_anew_and_says_so_in_words(shown):
    sliders.explore(draw, tau=(0.0, 1.0, 0.05), outer=["binary", "distance"])
    tau, outer, picture, words = shown[1][0]
    before = picture.value
    tau.value = 0.3
    assert picture.value != before and "tau 0.30" in words.value
    outer.value = "distance"
    assert "distance" in words.value and 'role="status"' in words.value
    assert [control.description for control in (tau, outer)] == ["tau", "outer"]


def test_no_figure_stays_open(shown):
    sliders.explore(draw, tau=(0.0, 1.0, 0.05))
    assert plt.get_fignums() == []


def test_a_table_joins_mean_and_half_width():
    import pandas as pd

    table = pd.DataFrame({("mca", "mean"): [0.51234, 0.4], ("mca", "±"): [0.1, float("nan")]}, index=["a", "b"])
    assert show.with_intervals(table).to_dict() == {"mca": {"a": "0.512 ± 0.100", "b": "0.400"}}
