import numpy as np
import pytest

from carekit.data.box_table import add_lines, lines, save_by_hand
from carekit.experiment.box_sources import BOX_SOURCES, FromTable
from carekit.ground.settings_as_data import to_plain


@pytest.fixture
def path(tmp_path):
    found = {
        "i3": np.array([[1, 2, 5, 6.0]]),
        "i7": np.zeros((0, 4)),
        "i11": np.array([[0, 0, 4, 4], [8, 8, 12, 12.0]]),
    }
    add_lines(tmp_path / "t.csv", lines(found, 16, "dsr", {}))
    return str(tmp_path / "t.csv")


def test_the_boxes_of_each_row(path, tiny):
    found = FromTable(path)(tiny, [3, 7, 11])
    assert {i: boxes.tolist() for i, boxes in found.items()} == {3: [[1, 2, 5, 6]], 11: [[0, 0, 4, 4], [8, 8, 12, 12]]}


def test_the_boxes_follow_the_size_of_the_data(path, tiny):
    assert FromTable(path)(tiny.resized(32), [3])[3].tolist() == [[2, 4, 10, 12]]


def test_the_boxes_of_a_part_are_found_by_name(path, tiny):
    assert list(FromTable(path)(tiny.take([11, 3]), [0, 1])) == [0, 1]


def test_an_image_that_the_table_does_not_know_is_named(path, tiny):
    with pytest.raises(ValueError, match="has no line for image i4"):
        FromTable(path)(tiny, [3, 4])


def test_a_result_is_named_by_what_the_table_holds(path, tiny):
    before = FromTable(path)
    assert before == FromTable(path)
    save_by_hand(path, tiny, "i3", [(0, 0, 2, 2)])
    assert to_plain(before) != to_plain(FromTable(path))


def test_a_table_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no table of boxes"):
        FromTable(str(tmp_path / "nix.csv"))


def test_it_is_one_of_the_sources():
    assert BOX_SOURCES.named("table") is FromTable
