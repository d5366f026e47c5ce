import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from carekit.material.intake.layouts.own import OWN
from carekit.material.intake.preparing.left_out import LEFT_OUT
from carekit.material.intake.preparing.prepare import prepare


def _prepare(source, out, **options):
    return prepare(OWN, source, out, 16, workers=1, **options)


def test_damaged_images_are_left_out_and_listed(own, tmp_path):
    (own / "images" / "p05.png").write_bytes(b"no picture")
    (own / "images" / "p07.png").write_bytes(b"")
    lines = (own / "boxes.csv").read_text().replace("p09.png,10,6,30,24", "p09.png,50,6,90,24")
    (own / "boxes.csv").write_text(lines)
    with pytest.raises(ValueError, match="p05.png is damaged"):
        _prepare(own, tmp_path / "out")
    data = _prepare(own, tmp_path / "out", skip_damaged=True)
    assert len(data) == 21 and len(data.boxes) == 21
    assert set(data.samples.image_id) == {f"p{i:02d}" for i in range(24)} - {"p05", "p07", "p09"}
    np.testing.assert_allclose(np.concatenate([data.boxes_of(i) for i in range(21)]), [[4, 3.2, 12, 12.8]] * 21)
    left = pd.read_csv(tmp_path / "out" / LEFT_OUT)
    assert left.what.tolist() == ["p05", "p07", "p09"] and "lies outside" in left.why[2]
    assert data.facts["notes"][0].startswith("3 image(s) (p05, p07, p09) left out: damaged, such as: ")


def test_halves_are_left_out_and_listed(own, tmp_path):
    (own / "images" / "p05.png").unlink()
    shutil.copy(own / "images" / "p06.png", own / "images" / "extra.png")
    (own / "boxes.csv").write_text((own / "boxes.csv").read_text() + "p99.png,1,2,30,20\n")
    with pytest.raises(ValueError, match="p05.png"):
        _prepare(own, tmp_path / "out")
    data = _prepare(own, tmp_path / "out", only_what_is_there=True)
    assert len(data) == 23 and len(data.boxes) == 23
    left = pd.read_csv(tmp_path / "out" / LEFT_OUT)
    assert set(left.what) == {"p05.png", "images/extra.png", "p99.png"}
    assert sum("left out" in note for note in data.facts["notes"]) == 3


def test_nothing_is_listed_where_nothing_is_left_out(own, tmp_path):
    data = _prepare(own, tmp_path / "out", skip_damaged=True, only_what_is_there=True)
    assert len(data) == 24 and not (tmp_path / "out" / LEFT_OUT).exists() and data.facts["notes"] == []


def test_what_had_to_be_done_to_boxes_is_counted(own, tmp_path):
    text = (own / "boxes.csv").read_text().replace("p03.png,10,6,30", "p03.png,10,6,50")
    (own / "boxes.csv").write_text(text.replace("p04.png,10,6,30,24", "p04.png,10,6,11,24"))
    notes = _prepare(own, tmp_path / "out").facts["notes"]
    assert (
        len(notes) == 2 and notes[0].startswith("1 box(es) reach beyond") and notes[1].startswith("1 box(es) are narr")
    )


@pytest.mark.parametrize("few", [False, True])
def test_masks_black_on_white_are_read_so_where_nearly_all_are(own, tmp_path, few):
    (own / "boxes.csv").unlink()
    for i in range(24):
        mask = np.zeros((30, 40), np.uint8)
        mask[6:24, 10:30] = 255
        Image.fromarray(mask if few and i > 3 else 255 - mask).save(own / "images" / f"p{i:02d}_mask.png")
    data = _prepare(own, tmp_path / "out")
    boxes = np.concatenate([data.boxes_of(i) for i in range(24)])
    if few:
        assert (boxes[:4] == [0, 0, 16, 16]).all() and "4 mask(s) are white all around the edge" in data.facts["notes"][
            0
        ]
    else:
        np.testing.assert_allclose(boxes, [[4, 3.2, 12, 12.8]] * 24)
        assert len(data.facts["notes"]) == 1 and "read as black on white" in data.facts["notes"][0]
        assert data.read_masks([0])[0, 8, 8] == 1
