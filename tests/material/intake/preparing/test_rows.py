import numpy as np
import pytest

from carekit.material.intake.preparing.rows import Row, prepare_rows


def _rows(own, **more):
    return [
        Row(own / "images" / f"p{i:02d}.png", "common" if i % 3 else "rare", [(10, 6, 30, 24)] * (i % 2), f"P{i // 2}")
        for i in range(24)
    ]


def test_rows_of_another_library_become_a_data_set(own, tmp_path):
    data = prepare_rows(_rows(own), tmp_path / "out", size=16, workers=1, licence="CC0")
    assert data.counts() == {"common": 16, "rare": 8} and data.facts["licence"] == "CC0"
    for row, name in enumerate(data.samples.image_id):
        number = int(name[-6:-4])
        expected = [[4, 3.2, 12, 12.8]] * (number % 2)
        np.testing.assert_allclose(data.boxes_of(row).reshape(-1, 4), np.reshape(expected, (-1, 4)))
    assert (data.samples.groupby("group").split.nunique() == 1).all() and data.samples.group.nunique() == 12


def test_rows_may_state_their_part(own, tmp_path):
    rows = [row._replace(group="", part="val" if i % 2 else "test") for i, row in enumerate(_rows(own))]
    data = prepare_rows(rows, tmp_path / "out", size=16, workers=1)
    assert [split == "test" for split in data.samples.split] == [i % 2 == 0 for i in range(24)]
    with pytest.raises(ValueError, match="part 'dev2' of .* is unknown: give train, val, test or nothing"):
        prepare_rows([rows[0]._replace(part="dev2")], tmp_path / "other")


def test_rows_with_a_fault_are_one_sentence(own, tmp_path):
    rows = _rows(own)
    with pytest.raises(ValueError, match="there are no rows"):
        prepare_rows([], tmp_path / "out")
    with pytest.raises(ValueError, match="of image 'p01.png' is empty or reversed"):
        prepare_rows([rows[0], rows[1]._replace(boxes=[(9, 9, 2, 2)])], tmp_path / "out")
    with pytest.raises(ValueError, match="image_id 'p00.png' appears twice"):
        prepare_rows([rows[0], rows[0]], tmp_path / "out")
    assert not (tmp_path / "out").exists()
