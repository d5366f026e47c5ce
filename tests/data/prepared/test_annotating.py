import json
from dataclasses import replace

import pytest

from carekit.data.prepared import Prepared
from carekit.data.prepared.annotating import replace_boxes, save_boxes


def test_a_folder_keeps_all_other_boxes_and_its_checksums(tiny, tmp_path):
    saved = tiny.save(tmp_path / "set")
    train = saved.split("train")
    other = saved.boxes_of(31).tolist()
    changed = save_boxes(train, "i3", [[1, 2, 5, 6.5], [3, 3, 9, 9]])
    opened = Prepared.open(tmp_path / "set")
    opened.verify()
    assert len(changed) == 24 and changed.boxes_of(3).tolist() == [[1, 2, 5, 6.5], [3, 3, 9, 9]]
    assert opened.boxes_of(3).tolist() == changed.boxes_of(3).tolist() and opened.boxes_of(31).tolist() == other
    assert changed.facts == opened.facts and changed.fingerprint() != train.fingerprint()
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == [
        "boxes.csv",
        "facts.json",
        "images.npy",
        "samples.csv",
    ]
    again = save_boxes(changed, "i3", tiny.boxes_of(3))
    again = save_boxes(again, "i0", [])
    assert again.boxes.equals(train.boxes) and again.facts == train.facts  # the first file, byte for byte


def test_the_last_box_goes_and_a_first_one_comes(tiny, tmp_path):
    saved = tiny.save(tmp_path / "set")
    for image_id in tiny.boxes.image_id:
        saved = save_boxes(saved, image_id, [])
    assert len(Prepared.open(tmp_path / "set").boxes) == 0
    assert save_boxes(saved, "i7", [[1, 1, 2, 2]]).boxes_of(7).tolist() == [[1, 1, 2, 2]]
    assert Prepared.open(tmp_path / "set").boxes_of(7).tolist() == [[1, 1, 2, 2]]


def test_a_stranger_is_no_image(tiny):
    with pytest.raises(ValueError, match="there is no image 'x9' in Tiny"):
        replace_boxes(tiny, "x9", [])


def test_without_checksums_none_are_made_up(tiny, tmp_path):
    tiny.save(tmp_path / "set")
    facts = json.loads((tmp_path / "set" / "facts.json").read_text(encoding="utf-8"))
    del facts["checksums"]
    (tmp_path / "set" / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    assert "checksums" not in save_boxes(Prepared.open(tmp_path / "set"), "i3", []).facts
    assert "checksums" not in Prepared.open(tmp_path / "set").facts


def test_columns_of_a_source_stay(tiny, tmp_path):
    drawn = replace(tiny, boxes=tiny.boxes.assign(reader="A")).save(tmp_path / "set")
    changed = save_boxes(drawn, "i3", [[1, 2, 3, 4]])
    assert changed.boxes.reader.tolist() == ["", *["A"] * (len(tiny.boxes) - 1)]
    assert Prepared.open(tmp_path / "set").boxes.equals(changed.boxes)
