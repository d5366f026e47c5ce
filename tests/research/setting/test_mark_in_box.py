"""How often boxes hold the mark that misleads."""

from dataclasses import replace

import numpy as np
import pytest

from carekit.data.batches import boxed_rows
from carekit.experiment.profiles import profile
from carekit.material.drawing import KINDS
from carekit.material.drawing.marks import plant_shortcut
from carekit.research.setting import Setting
from carekit.research.setting import setting as lesson_setup
from carekit.research.setting.drawn import load_drawn
from carekit.research.setting.mark_in_box import marks_of_training
from carekit.research.setting.parameters import check_parameters


def lesson_of(data, **knobs):
    parameters = check_parameters({"data": data, "profile": "fast"} | knobs)
    chosen = replace(profile("fast"), images=40, test_images=1, size=64)
    return Setting(parameters, load_drawn(lesson_setup.recipe(KINDS[data], parameters, chosen)), chosen)


@pytest.mark.parametrize("data", list(KINDS))
def test_the_marks_are_where_the_training_images_show_them(data):
    lesson = lesson_of(data, shortcut=0.8)
    marks, train = marks_of_training(lesson), lesson.train
    told = {i for i in boxed_rows(train) if lesson.mark in train.samples.artefacts[i].split(";")}
    assert set(marks) == told and 0 < len(told) < len(boxed_rows(train))
    nothing = dict.fromkeys(set(lesson.kind.artefacts) - {lesson.mark}, 0.0)
    recipe = lesson.recipe(rates=nothing)
    alone = {f"train-{each.number:05d}": recipe(each).image for each in recipe.plan() if each.split == "train"}
    for row, mask in marks.items():
        difference = train.read([row])[0].astype(int) - alone[train.samples.image_id[row]]
        assert np.median(np.abs(difference[mask])) <= 2  # other artefacts may lie on it


def test_a_planted_mark_is_found_by_its_difference(tiny, monkeypatch):
    parameters = check_parameters({"data": "tiny", "profile": "fast", "mark": "ink", "shortcut": 1.0})
    marked = plant_shortcut(tiny, "ink", shortcut=1.0, elsewhere=0.0)
    monkeypatch.setattr(lesson_setup, "load", lambda given, _: marked if given["mark"] else tiny)
    lesson = Setting(parameters, marked, profile("fast"))
    marks = marks_of_training(lesson)
    assert marks and set(marks) <= set(boxed_rows(lesson.train))
    for row, mask in marks.items():
        changed = (lesson.train.read([row])[0] != tiny.split("train").read([row])[0]).any(2)
        assert mask.any() and not (mask & ~changed).any()


def test_without_a_mark_there_is_nothing_to_count():
    lesson = lesson_of("synthetic", shortcut=0.0)
    with pytest.raises(ValueError, match="the data have no mark that misleads"):
        marks_of_training(lesson)
