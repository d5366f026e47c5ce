"""Rows of a kept study that are of the lesson's images."""

import pandas as pd
import pytest

from carekit import experiment
from carekit.experiment import sidecar as results
from carekit.research.setting import open_setting
from carekit.research.setting.ink_runs import COLUMNS
from carekit.research.studies.stored_results import stored_study


@pytest.fixture(scope="module")
def lessons():
    """The data of lessons whose rows are kept, and of one whose are not -> with which mark, and how many."""
    misled = open_setting({"profile": "fast"})
    chest = open_setting({"profile": "fast", "data": "synthetic-chest"})
    return [(misled, "mark", 3), (misled.without_mark(), "no mark", 3), (chest, "mark", 0)]


def test_they_are_of_the_same_kind_of_images_and_the_same_condition(lessons, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(results, "folder", lambda: tmp_path)
    rows = [("synthetic-skin", condition, "CSL", seed, 7) for condition in ("mark", "no mark") for seed in range(3)]
    table = pd.DataFrame(rows, columns=["set", "condition", "arm", "seed", "ink_others_turned"])
    notes = {"profile": "laptop", "seeds": [0, 1, 2], "command": "a", "seconds": 1.0}
    results.write("table9", table, data=[lessons[0][0].data], **notes)
    for lesson, condition, count in lessons:
        found = stored_study("table9", lesson)
        assert len(found) == count and set(found.condition) <= {condition}
        assert set(found.ink_others_turned) <= {7}
        told = f"{count} runs ({lesson.kind.name}, {condition}, the usual parameters; seeds [0, 1, 2], profile laptop)."
        assert told in capsys.readouterr().out


def test_without_results_it_says_which_command_makes_them(lessons, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(results, "folder", lambda: tmp_path)
    assert stored_study("table4", lessons[0][0]).empty
    assert "No results of table4 are kept: `python -m carekit study table4` makes them." in capsys.readouterr().out


@pytest.mark.parametrize("name", ["table4", "table9"])
def test_what_the_lessons_ask_for_is_kept_with_every_column_that_they_show(lessons, name):
    lesson, _, _ = lessons[0]
    found = stored_study(name, lesson)
    assert len(found) and not experiment.summary(found, COLUMNS).isna().any(axis=None)
