"""Boxes that a lesson finds: kept, judged against the truth, and what they gain."""

import pandas as pd
import pytest

from carekit.data.batches import boxed_rows
from carekit.experiment.box_sources import Scaled, Truth
from carekit.experiment.profiles import profile
from carekit.material.autobox.segmenting import Fit
from carekit.material.drawing import SKIN, draw
from carekit.research.setting import Setting, found_boxes
from carekit.research.setting.parameters import check_parameters


@pytest.fixture(scope="module")
def lesson():
    few = dict.fromkeys(SKIN.classes, 2)
    return Setting(check_parameters({"profile": "fast"}), draw(SKIN, 0, 32, few, few), profile("fast"))


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("CAREKIT_RUNS", str(tmp_path))
    return tmp_path


def test_boxes_are_found_once_and_for_each_boxed_training_image(lesson, runs):
    source = found_boxes.find_boxes(lesson, "bms")
    (table,) = (runs / "boxes").glob("*.csv")
    before = table.stat().st_mtime_ns
    assert found_boxes.find_boxes(lesson, "bms") == source
    assert table.stat().st_mtime_ns == before
    rows = boxed_rows(lesson.train)
    assert set(source(lesson.train, rows)) <= set(rows) and len(pd.read_csv(table)) >= len(rows) > 0


def test_an_unknown_method_gets_the_nearest_name(lesson):
    with pytest.raises(ValueError, match="did you mean 'bms'"):
        found_boxes.find_boxes(lesson, "bm")


def test_the_segmentation_learns_from_other_images_and_is_kept(lesson, monkeypatch):
    monkeypatch.setattr(found_boxes, "SMALL_FIT", Fit(epochs=1))
    pairs = found_boxes.pairs_of_another_seed(lesson)
    own = {image.tobytes() for image in lesson.data.read(range(len(lesson.data)))}
    assert not own & {image.tobytes() for image in pairs.read(range(len(pairs)))}
    path = found_boxes.train_segmenter(lesson)
    monkeypatch.setattr(found_boxes, "fit_segmenter", None)  # a second training would stop here
    assert found_boxes.train_segmenter(lesson) == path


def test_boxes_are_judged_against_the_true_ones(lesson):
    assert (found_boxes.judge_source(lesson, Truth()).iou == 1).all()
    assert found_boxes.judge_source(lesson, Scaled(0.7)).iou.mean() == pytest.approx(0.49, abs=0.12)  # whole pixels
