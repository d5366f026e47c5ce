"""A setting is chosen without the test images, and reported on them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from carekit.experiment import sidecar as results
from carekit.objectives import Care
from carekit.research.studies.ham10000 import opened
from carekit.research.studies.ham10000_settings import CHOSEN, NAME, SETTINGS, Candidate, run_settings, search

TRIED = {"as it is": Candidate(Care(alpha=0.5)), "longer": Candidate(Care(alpha=0.5), epochs=2)}


@pytest.fixture
def saved(tiny, tmp_path, monkeypatch):
    """Options of a lesson on a set that is saved; one process, as so little work does not earn another."""
    monkeypatch.setenv("CAREKIT_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr("carekit.experiment.comparing.cpu_count", lambda: 1)

    def save(data):
        data.save(tmp_path / f"set{len(list(tmp_path.iterdir()))}")
        return {"data": str(max(tmp_path.glob("set*"))), "profile": "fast"}

    return save


def test_the_best_on_training_images_is_reported_on_test_images(tiny, saved, tmp_path):
    run_settings(saved(tiny), seeds=[0], count=2, out=tmp_path / "out", settings=TRIED)
    tried = results.read(NAME, tmp_path / "out").table
    found, about = results.read(CHOSEN, tmp_path / "out")
    assert list(tried.arm) == list(TRIED) and set(tried.seed) == {0}
    assert about["chosen"] == tried.set_index("arm").gain.idxmax() and set(found.setting) == {about["chosen"]}
    pairs = set(found[["arm", "control"]].itertuples(index=False, name=None))
    assert {("CARE", "control"), ("CARE", "shuffled boxes"), ("random boxes", "control")} <= pairs


def test_test_images_have_no_say(tiny, saved):
    of_test = (tiny.samples.split == "test").to_numpy()[:, None, None, None]
    black = replace(tiny, images=np.where(of_test, 0, tiny.images))
    one = {"as it is": TRIED["as it is"]}
    pd.testing.assert_frame_equal(*(search(opened(saved(data), None), one, [0], 2) for data in (tiny, black)))


def test_a_control_differs_by_attention_alone():
    for setting in SETTINGS.values():
        control = setting.control()
        assert control.stage() == setting.stage() and control.care.alpha == 0
