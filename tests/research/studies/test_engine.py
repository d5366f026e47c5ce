"""The engine's table: the columns of every stored table, and an ink test that is counted once a run."""

import pandas as pd
import pytest

from carekit import compare
from carekit.experiment import PRETRAINED
from carekit.experiment import sidecar as results
from carekit.research.setting import open_setting
from carekit.research.setting.ink_runs import ink_test
from carekit.research.studies import STUDIES, Comparison, engine


@pytest.fixture
def lesson():
    return open_setting({"profile": "fast", "seeds": 1})


def test_the_table_has_metrics_seconds_and_the_ink_test_of_each_run(lesson, monkeypatch):
    arms = {"α = 0": lesson.arm.control(), "CARE": lesson.arm}
    table = engine.compare_arms(lesson, arms, {"CARE": "α = 0"}, lesson.seeds)
    assert table.arm.tolist() == ["α = 0", "CARE"] and table.loc[0, "rare_recall_equal"] >= 0
    runs = [run for run in compare(lesson.data, lesson.profile, arms, lesson.seeds) if run.arm != PRETRAINED]
    counts = ink_test(lesson, runs)
    for name in engine.INK:
        assert table[f"ink_{name}"].tolist() == counts[name].tolist()
    monkeypatch.setattr(engine, "ink_test", None)  # would fail if called: the counts are kept
    pd.testing.assert_frame_equal(engine.compare_arms(lesson, arms, {"CARE": "α = 0"}, lesson.seeds), table)
    without = engine.compare_arms(lesson, arms, {"CARE": "α = 0"}, lesson.seeds, ink=False)
    assert not any(name.startswith("ink_") for name in without)


def test_every_stored_table_has_one_set_of_names():
    compared = [name for name, study in STUDIES.items() if isinstance(study, Comparison)]
    for name in [*compared, "strategies", "peers", "rare_classes", "one_stage"]:
        columns = set(results.read(name).table)
        assert {"arm", "seed", "rare_recall_equal", "cpu_seconds", "ink_others", "ink_others_turned"} <= columns
        assert not {"others", "others_turned"} & columns
