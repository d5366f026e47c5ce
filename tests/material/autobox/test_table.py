from dataclasses import dataclass

import numpy as np
import pytest

from carekit.data.box_table import read_table, save_by_hand
from carekit.material.autobox.components import Cut
from carekit.material.autobox.finder import Finder
from carekit.material.autobox.saliency import Bms, Dsr
from carekit.material.autobox.table import CHUNK, make_table


@dataclass(frozen=True)
class Bright(Finder):
    """The box of what is bright; it stops, as if by Ctrl-C, when an image of the class `stop` comes."""

    method = "bright"
    level: int = 240
    stop: int = -1

    def find(self, images, labels):
        if self.stop in labels:
            raise KeyboardInterrupt
        return [Cut().box((image.min(-1) > self.level).astype(float)) for image in images]

    def parameters(self):
        return {"level": self.level}


def boxes(table):
    return table[["image_id", "x0", "y0", "x1", "y1"]].values.tolist()


def test_each_image_gets_its_box(tmp_path, tiny):
    rows = np.flatnonzero(tiny.labels).tolist()
    table = make_table(tmp_path / "t.csv", tiny, rows, Bright(), workers=1, progress=False)
    assert boxes(table) == tiny.boxes[["image_id", "x0", "y0", "x1", "y1"]].values.tolist()


def test_a_run_that_was_stopped_resumes(tmp_path, tiny):
    data = tiny.take(np.argsort(tiny.labels, kind="stable"))  # the common class first
    path, rows = tmp_path / "t.csv", list(range(len(data)))
    with pytest.raises(KeyboardInterrupt):
        make_table(path, data, rows, Bright(stop=1), workers=1, progress=False)
    begun = read_table(path)
    assert len(begun) == 3 * CHUNK and (begun.method == "bright").all()
    assert make_table(path, data, rows, Bright(), workers=1, progress=False).image_id.tolist() == [
        f"i{i}" for i in data.samples.image_id.str[1:].astype(int)
    ]
    # A finished one asks the method for nothing.
    make_table(path, data, rows, Bright(stop=0), workers=1, progress=False)


def test_boxes_by_hand_are_not_made_anew(tmp_path, tiny):
    path = tmp_path / "t.csv"
    save_by_hand(path, tiny, "i3", [(0, 0, 2, 2)])
    table = make_table(path, tiny, [3, 7], Bright(), workers=1, progress=False)
    assert table.method.tolist() == ["hand", "bright"]
    assert boxes(table)[0] == ["i3", 0, 0, 2, 2]


def test_two_processes_make_the_same_table_as_one(tmp_path, tiny):
    data = tiny.resized(32)
    tables = [
        make_table(tmp_path / f"{n}.csv", data, list(range(16)), Bms(), workers=n, progress=False) for n in (1, 2)
    ]
    one, two = (table.sort_values("image_id").reset_index(drop=True) for table in tables)
    assert one.equals(two)


@pytest.mark.parametrize(
    ("other", "words"),
    [(Bright(level=10), "begun with parameters"), (Bms(), "begun with method bright and not bms")],
)
def test_a_table_that_was_begun_in_another_way_is_refused(tmp_path, tiny, other, words):
    path = tmp_path / "t.csv"
    make_table(path, tiny, [3], Bright(), workers=1, progress=False)
    with pytest.raises(ValueError, match=words):
        make_table(path, tiny, [7], other, workers=1, progress=False)
    with pytest.raises(ValueError, match="begun with size 16.0 and not 32.0"):
        make_table(path, tiny.resized(32), [7], Bright(), workers=1, progress=False)


def test_progress_is_shown(tmp_path, tiny, capfd):
    make_table(tmp_path / "t.csv", tiny, [3, 7], Bright(), workers=1)
    assert "bright: 100%" in capfd.readouterr().err


def test_what_decides_the_boxes_is_in_the_parameters():
    assert Dsr().parameters() == {"cut": {"threshold": 0.5, "smallest": 0.1}, "gaussian": True}
    assert Bms(Cut(0.3)).parameters() == {"cut": {"threshold": 0.3, "smallest": 0.1}}
