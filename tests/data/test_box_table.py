import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

import carekit
from carekit.data.box_table import COLUMNS, add_lines, lines, read_table, save_by_hand

ONE = np.array([[1, 2, 5, 6.5]])
NONE = np.zeros((0, 4))


def test_a_line_says_where_its_box_is_from(tmp_path):
    add_lines(tmp_path / "t.csv", lines({"a": ONE, "b": NONE}, 64, "dsr", {"cut": {"threshold": 0.5}}))
    table = read_table(tmp_path / "t.csv")
    assert table.columns.tolist() == COLUMNS
    assert table.iloc[0].tolist()[:7] == ["a", 1, 2, 5, 6.5, 64, "dsr"]
    assert json.loads(table.parameters[0]) == {"cut": {"threshold": 0.5}}
    assert set(table.version) == {carekit.__version__} and set(table.made) == {date.today().isoformat()}


def test_an_image_in_which_nothing_was_found_has_a_line_too(tmp_path):
    add_lines(tmp_path / "t.csv", lines({"b": NONE}, 64, "dsr", {}))
    assert read_table(tmp_path / "t.csv").iloc[0][["x0", "y0", "x1", "y1"]].isna().all()


def test_what_an_image_has_is_kept(tmp_path):
    path = tmp_path / "t.csv"
    add_lines(path, lines({"a": ONE}, 64, "dsr", {}))
    add_lines(path, lines({"a": ONE + 1, "b": ONE}, 64, "dsr", {}))
    assert read_table(path)[["image_id", "x0"]].values.tolist() == [["a", 1], ["b", 1]]


def test_boxes_by_hand_take_the_place_of_others_and_stay(tmp_path, tiny):
    path = tmp_path / "t.csv"
    add_lines(path, lines({"i0": ONE, "i1": ONE}, 16, "dsr", {}))
    save_by_hand(path, tiny, "i0", [(3, 3, 9, 9), (1, 1, 2, 2)])
    add_lines(path, lines({"i0": ONE}, 16, "dsr", {}))
    table = read_table(path)
    assert table[table.image_id == "i0"][["x0", "method"]].values.tolist() == [[3, "hand"], [1, "hand"]]
    assert table[table.image_id == "i1"].method.tolist() == ["dsr"]


def test_a_bad_box_by_hand_is_refused_and_nothing_is_written(tmp_path, tiny):
    with pytest.raises(ValueError, match="image i0 is empty or reversed"):
        save_by_hand(tmp_path / "t.csv", tiny, "i0", [(5, 5, 3, 9)])
    assert not (tmp_path / "t.csv").exists()


def test_names_are_texts_whatever_they_look_like(tmp_path):
    add_lines(tmp_path / "t.csv", lines({"007": ONE, "NA": ONE, "1e3": NONE}, 64, "dsr", {}))
    assert read_table(tmp_path / "t.csv").image_id.tolist() == ["007", "NA", "1e3"]


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", ",".join(COLUMNS) + "\nx,left,0,1,1,8,dsr,{},0,0\n", "\x00\xff"])
def test_what_is_no_table_is_told(tmp_path, content):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(ValueError, match="is no table of boxes") as caught:
        read_table(tmp_path / "t.csv")
    assert "\n" not in str(caught.value)


def test_a_table_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no table of boxes .* make it with"):
        read_table(tmp_path / "nix.csv")


def test_nothing_half_written_stays(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    add_lines(path, lines({"a": ONE}, 64, "dsr", {}))

    def full(*_arguments, **_options):
        raise OSError("no space left")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(OSError, match="no space"):
        add_lines(path, lines({"b": ONE}, 64, "dsr", {}))
    assert read_table(path).image_id.tolist() == ["a"]
    assert not list(tmp_path.glob(".t.csv.[0-9]*"))
