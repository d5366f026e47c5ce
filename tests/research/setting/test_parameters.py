import json
from collections import ChainMap

import numpy as np
import pytest

from carekit import Care
from carekit.experiment.box_sources import Scaled
from carekit.ground.settings_as_data import literal
from carekit.research.setting import open_setting
from carekit.research.setting.parameters import PARAMETERS, assigned_names, check_parameters


def test_defaults_are_filled_in():
    assert check_parameters({"tau": 0.4}) == {name: p.default for name, p in PARAMETERS.items()} | {"tau": 0.4}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"tua": 0.5}, "there is no parameter 'tua': did you mean 'tau'"),
        ({"xyzzy": 1}, "there is no parameter 'xyzzy': choose from data, profile"),
        ({"tau": 0}, "tau = 0 is out of range: give a number with 0 < tau <= 1"),
        ({"tau": float("nan")}, "tau = nan is out of range"),
        ({"alpha": 1}, "alpha = 1 is out of range"),
        ({"alpha": "0.5"}, "alpha = '0.5' is out of range"),
        ({"lam": -1}, "lam = -1 is out of range"),
        ({"box_scale": 9}, "box_scale = 9 is out of range"),
        ({"seeds": 0}, "seeds = 0 is out of range"),
        ({"seeds": 2.5}, "seeds = 2.5 is out of range"),
        ({"seed": True}, "seed = True is out of range"),
        ({"profile": "huge"}, "profile = 'huge' is out of range"),
        ({"shortcut": 2}, "shortcut = 2 is out of range"),
    ],
)
def test_one_sentence_for_each_bad_parameter(values, words):
    with pytest.raises(ValueError) as caught:
        check_parameters(values)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_values_from_the_command_line():
    assert [literal(text) for text in ("0.5", "3", "laptop", "data/ham")] == [0.5, 3, "laptop", "data/ham"]
    assert assigned_names('# Parameters\ntau = 0.5\ndata = "x"\n') == {"tau": 0.5, "data": "x"}


def test_what_papermill_adds_of_itself_is_no_parameter():
    cell = '# Parameters\ntau = 0.5\nPAPERMILL_INPUT_PATH = "a.ipynb"\nPAPERMILL_OUTPUT_PATH = "b.ipynb"\n'
    assert assigned_names(cell) == {"tau": 0.5}


@pytest.mark.parametrize("value", ["float('nan')", "float('inf')", "f()", "[x for x in y]"])
def test_what_is_no_plain_value_is_named(value):
    with pytest.raises(ValueError) as caught:
        assigned_names(f"# Parameters\ntau = {value}\n")
    assert str(caught.value) == f"tau = {value} is no plain value: give a number with 0 < tau <= 1"


@pytest.mark.parametrize("text", ["-" * 20_000 + "1", "[" * 20_000, "(" * 300 + "1" + ")" * 300])
def test_thousands_of_signs_are_a_text(text):
    assert literal(text) == text


def test_a_name_that_papermill_injected_and_no_lesson_has_is_refused():
    cells = ["tau = 0.7", "# Parameters\ntua = 0.5\n"]
    with pytest.raises(ValueError, match="no parameter 'tua'"):
        open_setting({"In": cells, "tau": 0.7, "profile": "fast"})


def test_a_lesson_has_the_data_and_saves_its_results(tmp_path):
    file = tmp_path / "out" / "results.json"
    lesson = open_setting({"profile": "fast", "seeds": 2, "seed": 4, "tau": 0.6, "results": str(file), "In": []})
    assert lesson.data.size == 32 and lesson.rare == "df" and lesson.seeds == [4, 5] and lesson.care.tau == 0.6
    assert len(lesson.rare_rows(lesson.test)) == 30
    lesson.save(figure=lesson.train.labels[:2], unknown=[np.float64("nan"), float("inf"), {"deep": np.nan}])
    saved = json.loads(file.read_text(), parse_constant=pytest.fail)  # NaN is not JSON
    assert saved["figures"]["unknown"] == [None, None, {"deep": None}]
    assert saved["figures"]["figure"] == [0, 0] and saved["parameters"]["tau"] == 0.6
    assert [path.name for path in file.parent.iterdir()] == ["results.json"]


def test_an_edited_parameter_has_one_value_everywhere(tmp_path):
    notebook = {"profile": "fast", "seeds": 1, "tau": 0.7, "results": ""}
    lesson = open_setting(notebook)
    notebook |= {"tau": 0.3, "alpha": 0.2, "lam": 1.0, "box_scale": 0.9, "seeds": 2}
    assert lesson.care == Care(alpha=0.2, tau=0.3, lam=1.0) and lesson.arm.boxes == Scaled(0.9)
    assert lesson.seeds == [0, 1]
    notebook["results"] = str(tmp_path / "results.json")
    lesson.save()
    assert json.loads((tmp_path / "results.json").read_text())["parameters"]["tau"] == 0.3
    notebook["tau"] = 7
    with pytest.raises(ValueError, match="tau = 7 is out of range"):
        _ = lesson.care


def test_a_lesson_with_data_of_its_own_follows_the_other_parameters():
    notebook = {"profile": "fast", "data": "synthetic"}
    films = open_setting(ChainMap({"data": "synthetic-chest"}, notebook))
    notebook |= {"tau": 0.3, "data": "another folder"}
    assert films.care.tau == 0.3 and films.rare == "opacity"


@pytest.mark.parametrize(
    ("name", "value"), [("data", "synthetic-chest"), ("profile", "laptop"), ("seed", 1), ("shortcut", 0.5)]
)
def test_an_edited_parameter_of_the_data_is_one_sentence(name, value):
    notebook = {"profile": "fast"}
    lesson = open_setting(notebook)
    opened = lesson.parameters[name]
    notebook[name] = value
    with pytest.raises(ValueError) as caught:
        _ = lesson.arm
    text = f"{name} is {value!r} now, and the data were made with {opened!r}: run the set-up cell"
    assert str(caught.value).startswith(text)
    assert open_setting(notebook | {"profile": "fast"}).care.tau == 0.7


def test_a_prepared_data_set_is_capped_and_resized(tiny, tmp_path):
    tiny.save(tmp_path / "set")
    lesson = open_setting({"profile": "fast", "data": str(tmp_path / "set"), "max_per_class": 4})
    assert lesson.data.size == 32 and lesson.train.counts() == {"common": 4, "rare": 4}


def test_a_missing_data_set_is_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="not a prepared data set"):
        open_setting({"profile": "fast", "data": str(tmp_path / "nothing")})
