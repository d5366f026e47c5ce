import pytest

from carekit.course.explorers.controls import PAPER, choice, parameter, slider, toggle, widened
from carekit.research.setting.parameters import PARAMETERS


@pytest.mark.parametrize("name", PAPER)
def test_a_parameters_slider_holds_only_what_the_notebooks_allow(name):
    control = parameter(name)
    assert control["parameter"] == control["name"] == name
    for end in ("low", "high"):
        assert PARAMETERS[name].fits(control[end])
    for value in (PAPER[name], PARAMETERS[name].default):
        assert control["low"] <= value <= control["high"]


def test_only_lambda_has_another_default_than_the_papers_value():
    assert [name for name in PAPER if PAPER[name] != PARAMETERS[name].default] == ["lam"]


def test_ends_other_than_usual():
    assert parameter("box_scale", low=0.1, high=2.0) == parameter("box_scale") | {"low": 0.1, "high": 2.0}


def test_a_slider_is_widened_to_its_value_and_other_controls_stay():
    assert widened(slider("ratio", "Ratio", 1, 5, 1), 9) == slider("ratio", "Ratio", 1, 9, 1)
    for control in (toggle("log", "Log scale"), choice("outer", "M_out", {"binary": "all of it"})):
        assert widened(control, "far") == control
