import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from carekit.data.prepared import Prepared, annotating
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
        ".lock",
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


def test_a_set_with_drawn_boxes_is_not_replaced(tiny, tmp_path):
    saved = tiny.save(tmp_path / "set")
    saved = saved.take(range(24)).save(tmp_path / "set", overwrite=True)  # before
    save_boxes(saved, "i3", [[1, 2, 5, 6.5]])
    with pytest.raises(FileExistsError, match="set has boxes that were drawn by hand: move it"):
        tiny.save(tmp_path / "set", overwrite=True)
    assert Prepared.open(tmp_path / "set").boxes_of(3).tolist() == [[1, 2, 5, 6.5]]


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


def test_two_people_who_draw_into_one_folder_lose_nothing(tiny, tmp_path):
    """Each saves the boxes of images of its own, as fast as it can."""
    tiny.save(tmp_path / "set")
    code = (
        "import sys; from carekit import Prepared; from carekit.data.prepared.annotating import save_boxes\n"
        f"data = Prepared.open({str(tmp_path / 'set')!r})\n"
        "for i in range(int(sys.argv[1]), 32, 2): save_boxes(data, f'i{i}', [(1, 1, 2 + i % 9, 5)])"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, start]) for start in "01"]
    assert [each.wait() for each in both] == [0, 0]
    opened = Prepared.open(tmp_path / "set")
    opened.verify()
    assert [opened.boxes_of(i).tolist() for i in range(32)] == [[[1, 1, 2 + i % 9, 5]] for i in range(32)]


@pytest.mark.parametrize("stopped_at", ["before the facts", "between the files"])
def test_a_save_that_was_killed_is_finished_or_never_was(tiny, tmp_path, monkeypatch, stopped_at):
    data = tiny.save(tmp_path / "set")

    class Killed(BaseException):
        pass

    def replace(old, new, real=os.replace):
        if stopped_at == "between the files":
            real(old, new)
        monkeypatch.setattr(annotating.os, "replace", real)
        raise Killed

    monkeypatch.setattr(annotating.Path, "unlink", lambda *_, **__: None)  # a killed process cleans nothing up
    monkeypatch.setattr(annotating.os, "replace", replace)
    with pytest.raises(Killed):
        save_boxes(data, "i3", [(1, 1, 4, 4)])
    monkeypatch.undo()
    opened = Prepared.open(tmp_path / "set")
    opened.verify()
    new = [[1, 1, 4, 4]] if stopped_at == "between the files" else tiny.boxes_of(3).tolist()
    assert opened.boxes_of(3).tolist() == new
    save_boxes(opened, "i7", [(2, 2, 5, 5)])
    assert not [path.name for path in (tmp_path / "set").iterdir() if path.name.endswith(".new")]


def test_boxes_that_are_damaged_are_given_no_new_checksum(tiny, tmp_path):
    saved = tiny.save(tmp_path / "set")
    file = tmp_path / "set" / "boxes.csv"
    rows = file.read_text().splitlines()
    file.write_text("\n".join(rows[:-1]) + "\n")  # the last box is lost
    before = {path.name: path.read_bytes() for path in (tmp_path / "set").iterdir()}
    with pytest.raises(ValueError, match="boxes.csv was changed since it was saved"):
        save_boxes(saved, "i3", [[1, 2, 5, 6.5]])
    assert {path.name: path.read_bytes() for path in (tmp_path / "set").iterdir() if path.name != ".lock"} == before
