import json
import shutil

import numpy as np
import pytest
from PIL import Image

from carekit.__main__ import main
from carekit.data.prepared import Prepared
from carekit.material.intake.doctor.examine import examine
from carekit.material.intake.layouts.own import OWN
from carekit.material.intake.preparing.prepare import prepare


def found(report, about=None, level=None):
    return [f.text for f in report.findings if about in (None, f.about) and level in (None, f.level)]


@pytest.fixture
def varied(own):
    """The folder of `own` with pictures that are not of one colour each, and a test group of five for each class."""
    rng = np.random.default_rng(1)
    for path in (own / "images").iterdir():
        Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(path)
    return own


@pytest.fixture
def prepared(varied, tmp_path):
    return prepare(OWN, varied, tmp_path / "prepared", 16, workers=1, licence="CC0")


def test_a_healthy_raw_folder(varied):
    report = examine(varied, workers=1)
    assert report.kind == "own" and report.healthy
    assert report.counts == {"common": 16, "rare": 8}
    assert found(report, level="note") == ["24 images: common 16, rare 8; common outnumbers rare 2 times"]
    assert found(report, "licence") == [
        "no licence is stated: find out what may be done with the images, and write it down"
    ]


def test_a_healthy_prepared_folder(prepared):
    report = examine(prepared.folder)
    assert report.kind == "prepared" and report.healthy
    assert [f.level for f in report.findings] == ["warning", "note", "note"]  # few test images, counts, licence
    assert "few test images" in found(report, "split")[0]


def test_every_fault_of_a_raw_folder_is_found_at_once(varied):
    images = varied / "images"
    (images / "p00.png").write_bytes(b"no picture")
    (images / "p01.png").write_bytes((images / "p01.png").read_bytes()[:-30])
    shutil.copy(images / "p02.png", images / "p04.png")
    shutil.copy(images / "p06.png", images / "p07.png")
    Image.new("RGB", (40, 30), "red").save(images / "p08.png")
    (images / "p09.png").unlink()
    shutil.copy(images / "p10.png", images / "extra.png")
    lines = (varied / "boxes.csv").read_text().splitlines()
    lines[3] = "p02.png,5,5,2,2"
    lines[6] = "p05.png,60,6,90,24"
    lines[11] = "p10.png,30,6,60,24"
    lines[12] = "p11.png,10,10,11,20"
    lines[13] = "p12.png,0,0,40,30"
    lines = [line for line in lines if not line.startswith("p15")]
    (varied / "boxes.csv").write_text("\n".join(lines))
    report = examine(varied, workers=2)
    assert not report.healthy
    tables = found(report, "tables", "error")
    assert len(tables) == 4
    for words in ("(p09.png) have no file", "(images/extra.png)", "of image 'p02.png' is empty", "a box for 'p09.png'"):
        assert any(words in text for text in tables), words
    broken = found(report, "images", "error")
    assert ["p00.png" in broken[0], "p01.png" in broken[1], len(broken)] == [True, True, 2]
    assert "(p08) are of a single colour" in found(report, "images", "warning")[0]
    assert "p06 = p07, are the same picture under two classes" in found(report, "duplicates", "error")[0]
    assert "2 picture(s)" in found(report, "duplicates", "warning")[0]
    assert "p05, lie outside" in found(report, "boxes", "error")[0]
    boxes = found(report, "boxes", "warning")
    for words in (
        "(p15) of the rare class have no box",
        "p10, reach beyond",
        "p11, are narrower",
        "p12, fill the image",
    ):
        assert any(words in text for text in boxes), words


def test_groups_and_pictures_in_both_parts_and_lacking_classes(varied):
    shutil.copy(varied / "images" / "p01.png", varied / "images" / "p02.png")
    lines = (varied / "labels.csv").read_text().splitlines()
    parts = ["split", "train", "test", *["train"] * 22]
    (varied / "labels.csv").write_text("\n".join(f"{a},{b}" for a, b in zip(lines, parts, strict=True)))
    report = examine(varied, workers=1)
    assert "class 'rare' has no test image" in found(report, "split", "error")[0]
    assert "such as 'patient0-1', have images in both parts" in found(report, "groups", "error")[0]
    assert "p01 = p02, are the same picture in both parts" in found(report, "duplicates", "error")[0]


def test_what_cannot_be_prepared_is_an_error_here_too(varied):
    text = (varied / "labels.csv").read_text()
    (varied / "labels.csv").write_text(text.replace("p01.png,common", "p01.png,other"))
    report = examine(varied, workers=1)
    assert any("class 'other' has images of one lesion or patient" in each for each in found(report, level="error"))
    (varied / "labels.csv").write_text(text.replace("common", "rare"))
    assert any("two classes or more" in each for each in found(examine(varied, workers=1), level="error"))
    (varied / "labels.csv").write_text("image,label\n")
    assert found(examine(varied, workers=1), level="error") == ["labels.csv has no rows: give each image one"]


def test_masks_that_show_nothing_and_links_to_nothing(varied):
    (varied / "boxes.csv").unlink()
    for i in range(24):
        Image.fromarray(np.full((30, 40), 255 * (i > 1), np.uint8)).save(varied / "images" / f"p{i:02d}_mask.png")
    (varied / "images" / "p05.png").unlink()
    (varied / "images" / "p05.png").symlink_to("p99.png")
    report = examine(varied, workers=1)
    assert any("the masks of 2 image(s) (p00, p01) show no lesion" in each for each in found(report, "boxes"))
    assert len(found(report, "images", "error")) == 1 and report.counts


@pytest.mark.parametrize(
    ("change", "words"),
    [({"split": None}, "split = None"), ({"checksums": []}, "checksums"), ({"classes": [["a"], ["b"]]}, "classes")],
)
def test_facts_of_other_types_are_told(prepared, change, words):
    path = prepared.folder / "facts.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert words in found(examine(prepared.folder), "files", "error")[0]


def test_a_changed_file_of_a_prepared_folder(prepared):
    path = prepared.folder / "boxes.csv"
    path.write_text(path.read_text().replace("12.0", "40.0"))
    report = examine(prepared.folder)
    assert "boxes.csv is missing or was changed" in found(report, "files", "error")[0]
    assert "reach beyond the image" in found(report, "boxes", "warning")[0]


def test_a_prepared_folder_that_cannot_be_opened(prepared):
    (prepared.folder / "samples.csv").unlink()
    assert "has no samples.csv" in found(examine(prepared.folder), "files", "error")[0]


def test_a_split_by_image_is_a_warning_and_one_by_group_an_error(tiny, tmp_path):
    samples = tiny.samples.assign(group="one")
    for split, level in (("by image", "warning"), ("by group", "error")):
        data = Prepared(tiny.images, samples, tiny.boxes, tiny.facts | {"split": split}).save(tmp_path / split)
        assert len(found(examine(data.folder), "groups", level)) == 1


def test_what_is_no_data_set(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    assert (
        "in none of the known layouts; found: 1 .txt (known are ham10000: "
        in found(examine(tmp_path), "files", "error")[0]
    )
    (tmp_path / "a.zip").write_bytes(b"PK no zip")
    assert "is damaged" in found(examine(tmp_path / "a.zip"), "files", "error")[0]


def test_command_line_and_its_exit_status(prepared, tmp_path, capsys):
    assert main(["check", str(prepared.folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{prepared.folder}: prepared" and lines[-1] == "No errors."
    (prepared.folder / "boxes.csv").write_text("image_id\n")
    assert main(["check", str(prepared.folder), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["healthy"] is False and told["findings"][0]["level"] == "error"
    assert main(["check", str(tmp_path / "none")]) == 2
    assert "does not exist" in capsys.readouterr().err
