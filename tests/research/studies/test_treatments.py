"""What lesson 7 compares, and what it says of the tables."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from carekit import Care
from carekit.experiment import Arm
from carekit.experiment import sidecar as results
from carekit.experiment.box_sources import Scaled
from carekit.objectives import Energy
from carekit.research.figures.labels import TURNED
from carekit.research.setting import open_setting
from carekit.research.studies import gains, stored_results, treatments
from carekit.strategies import STRATEGIES

ROOT = Path(__file__).parents[3]
ARM = Arm(Care(tau=0.6), Scaled(0.9))


def test_some_all_or_names_and_the_nearest_of_a_misspelt_one():
    assert treatments.chosen("all") == list(STRATEGIES)
    assert set(treatments.chosen("some")) < set(STRATEGIES)
    assert treatments.chosen("focal ldam") == treatments.chosen(["focal", "ldam", "focal"]) == ["focal", "ldam"]
    with pytest.raises(ValueError, match="strategy = 'focul' is unknown: did you mean 'focal'"):
        treatments.chosen(["plain", "focul"])
    with pytest.raises(ValueError, match='strategies is empty: give "some", "all"'):
        treatments.chosen([])


def test_each_strategy_alone_and_with_care_differ_in_the_objective_alone():
    found = treatments.strategies(ARM, list(STRATEGIES))
    assert len(found.arms) == 2 * len(STRATEGIES)
    for name in STRATEGIES:
        alone, care = found.arms[name], found.arms[treatments.with_care(name)]
        assert found.controls[treatments.with_care(name)] == name
        assert (alone.strategy, alone.boxes) == (care.strategy, care.boxes) == (STRATEGIES[name], Scaled(0.9))
        assert (alone.objective.alpha, care.objective.alpha, care.objective.tau) == (0, 0.5, 0.6)
        assert care.objective.second_order == (name in ("crt", "lws"))


def test_peers_have_one_control_and_those_that_need_images_may_be_left_out():
    found, fewer = treatments.peers(ARM), treatments.peers(ARM, images=False)
    assert set(found.arms) - set(fewer.arms) == {"RRR", "GAIN"}
    assert not any(arm.objective.needs_images or arm.strategy.needs_images for arm in fewer.arms.values())
    assert set(found.controls) == set(found.arms) - {"no attention"} and set(found.controls.values()) == {
        "no attention"
    }


def test_one_two_and_three_rare_classes_by_image_and_by_class():
    arms = treatments.rare_classes(ARM, ["df", "vasc", "akiec"]).arms
    shown = {name: (arm.classes, arm.objective.average) for name, arm in arms.items() if arm.objective.alpha}
    assert shown == {
        "CARE on df": (("df",), "boxed"),
        "CARE on df, vasc": (("df", "vasc"), "boxed"),
        "CARE on df, vasc, by class": (("df", "vasc"), "class"),
        "CARE on df, vasc, akiec": (("df", "vasc", "akiec"), "boxed"),
        "CARE on df, vasc, akiec, by class": (("df", "vasc", "akiec"), "class"),
    }


def test_one_stage_has_a_control_of_its_own_and_a_ramp():
    found = treatments.one_stage(ARM)
    assert {name: arm.stages for name, arm in found.arms.items()} == {
        "two stages": 2,
        "two stages + CARE": 2,
        "one stage": 1,
        "one stage + CARE": 1,
        "one stage + CARE, ramp 0.5": 1,
    }
    assert found.arms["one stage + CARE, ramp 0.5"].objective.ramp == 0.5
    assert found.controls["one stage + CARE, ramp 0.5"] == "one stage"
    with pytest.raises(ValueError, match="is not CARE: give an arm with Care"):
        treatments.one_stage(Arm(Energy()))


@pytest.fixture
def table():
    """Recall goes up by .1 with CARE for `a`, down for `b`, and either way for `c`; over three seeds."""
    of_arms = {"a": (0.09, 0.1, 0.11), "b": (-0.2, -0.21, -0.19), "c": (0.3, -0.3, 0.0)}
    rows = [
        {"arm": arm, "seed": seed, "rare_recall": 0.5 + gain}
        for name, each in of_arms.items()
        for seed, value in enumerate(each)
        for arm, gain in ((name, 0.0), (f"{name} + CARE", value))
    ]
    return pd.DataFrame(rows)


def test_gains_are_paired_and_said_in_a_sentence(table):
    controls = {f"{name} + CARE": name for name in "abc"} | {"not trained": "a"}
    gained = gains.gains(table, controls, ["rare_recall"])
    assert list(gained.index) == ["a + CARE", "b + CARE", "c + CARE"]
    np.testing.assert_allclose(gained["rare_recall", "mean"].astype(float), [0.1, -0.2, 0.0], atol=1e-12)
    half = 4.3027 * 0.01 / 3**0.5  # Student's t of three
    assert gained.loc["a + CARE", ("rare_recall", "±")] == pytest.approx(half, rel=1e-4)
    text = "Recall of the rare class: up for a; down for b; not to be told from chance for 1 of 3."
    assert gains.verdict(gained, "rare_recall") == text
    assert gains.harm(gained, ["rare_recall"]) == "Recall of the rare class: b (-0.20)."
    turned = gained.rename(columns={"rare_recall": TURNED})
    assert gains.harm(turned, [TURNED]).endswith(": a (+0.10).")
    assert gains.harm(gained.loc[["a + CARE", "c + CARE"]], ["rare_recall"]).startswith("Nowhere is a loss larger")


def test_the_kept_table_stands_in_where_there_is_one(table, tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(results, "folder", lambda: tmp_path)
    assert stored_results.stored_or_new("some", table) is table
    assert "Make it: python docs/compare_strategies.py some" in capsys.readouterr().out
    notes = {"profile": "laptop", "seeds": [0, 1], "cpu_seconds": 240}
    results.write("some", table[table.seed < 2], data=[tiny], seconds=1.0, command="a command", **notes)
    rows = stored_results.stored_or_new("some", table)
    pd.testing.assert_frame_equal(rows, table[table.seed < 2].reset_index(drop=True))
    text = "Kept, made by `a command`: 12 runs, seeds [0, 1], profile laptop,\n4 minutes of one core of "
    assert text in capsys.readouterr().out


def test_fewer_seeds_are_trained_beside_a_kept_table_of_the_usual_parameters(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "folder", lambda: tmp_path)
    lesson = open_setting({"profile": "fast", "seeds": 3})
    assert stored_results.seeds_not_stored(lesson, "peers") == [0, 1, 2]
    rows = pd.DataFrame({"arm": ["a"], "seed": [0]})
    notes = {"profile": "fast", "seeds": [0, 1, 2, 3], "command": "a", "seconds": 1.0}
    results.write("peers", rows, data=[lesson.data], **notes)
    assert stored_results.seeds_not_stored(lesson, "peers") == [0]
    for other in ({"tau": 0.5}, {"shortcut": 0.5}, {"seeds": 4}):
        changed = open_setting({"profile": "fast", "seeds": 3} | other)
        assert stored_results.seeds_not_stored(changed, "peers") == changed.seeds


def test_the_command_makes_every_table_that_the_lesson_asks_for():
    lesson = (ROOT / "notebooks" / "07_strategies.ipynb").read_text(encoding="utf-8")
    command = (ROOT / "docs" / "compare_strategies.py").read_text(encoding="utf-8")
    asked = re.findall(r'stored_or_new\(\\"(\w+)\\"', lesson)
    assert len(asked) == 4 and asked == re.findall(r'"(\w+)": treatments\.', command)


def test_the_lesson_has_a_sentence_for_every_strategy_in_the_order_of_the_table():
    lesson = (ROOT / "notebooks" / "07_strategies.ipynb").read_text(encoding="utf-8")
    sentences = dict(re.findall(r"\| `(\w+)` \| [\w ]+ \| ([^|]+) \|", lesson))
    assert list(sentences) == list(STRATEGIES)
    assert all(sentence.endswith(".") and 30 < len(sentence) < 110 for sentence in sentences.values())


@pytest.mark.parametrize("name", ["strategies", "peers", "rare_classes", "one_stage"])
def test_the_tables_that_are_kept_are_whole(name):
    table, about = results.read(name)
    made = {
        "strategies": treatments.strategies(ARM, STRATEGIES),
        "peers": treatments.peers(ARM),
        "rare_classes": treatments.rare_classes(ARM, ["df", "vasc", "akiec"]),
        "one_stage": treatments.one_stage(ARM),
    }[name]
    arms = set(table.arm)
    assert arms <= set(made.arms) and all(made.controls.get(arm, arm) in arms for arm in arms)
    assert len(about["seeds"]) >= 5 and sorted(zip(table.arm, table.seed, strict=True)) == sorted(
        (arm, seed) for arm in arms for seed in about["seeds"]
    )


def test_a_single_seed_says_nothing(table):
    gained = gains.gains(table[table.seed == 0], {"b + CARE": "b"}, ["rare_recall"])
    assert gains.verdict(gained, "rare_recall").endswith("not to be told from chance for 1 of 1.")
    assert gains.harm(gained, ["rare_recall"]) == "Not to be told from one seed."
