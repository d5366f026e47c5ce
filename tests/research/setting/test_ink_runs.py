"""The ink test's count, beside the scores of the same runs."""

from dataclasses import replace

import pandas as pd
import pytest

from carekit.research.figures.labels import label_of
from carekit.research.setting import open_setting
from carekit.research.setting.ink_runs import COLUMNS, marked_pair, with_ink


def test_each_run_gets_its_own_count_in_whatever_order():
    scores = pd.DataFrame({"arm": ["a", "b", "a"], "seed": [0, 0, 1], "rare_recall": [0.1, 0.2, 0.3]})
    marks = pd.DataFrame({"arm": ["a", "a", "b"], "seed": [1, 0, 0], "others_turned": [5, 7, 9], "rare": [1, 1, 1]})
    joined = with_ink(scores, marks)
    assert joined.ink_others_turned.tolist() == [7, 9, 5]
    assert joined.drop(columns="ink_others_turned").equals(scores)
    assert "ink_others_turned" not in scores
    with pytest.raises(ValueError, match="'b', seed 0 is not in the ink test"):
        with_ink(scores, marks[:2])


def test_images_that_their_boxes_fill_have_no_ink_test(tiny, tmp_path):
    larger = tiny.resized(64)
    whole = pd.DataFrame({"image_id": larger.samples.image_id, "x0": 0.0, "y0": 0.0, "x1": 64.0, "y1": 64.0})
    replace(larger, boxes=whole).save(tmp_path / "full")
    with pytest.raises(ValueError, match="boxes of all test images fill them: there is no room for a mark"):
        marked_pair(open_setting({"profile": "fast", "seeds": 1, "data": str(tmp_path / "full")}))


def test_every_column_of_a_table_of_results_has_a_name_for_people():
    assert all(label_of(name) != name for name in COLUMNS)
