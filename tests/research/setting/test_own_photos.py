"""A folder of photos as people have it, boxes put into it, and a photo that no data set holds."""

import numpy as np
import pytest
from PIL import Image

from carekit.data.box_table import add_lines, lines
from carekit.data.prepared.annotating import replace_boxes
from carekit.material.drawing import KINDS, draw
from carekit.research.setting import own_photos
from carekit.research.setting.own_photos import (
    file_of,
    layout_of,
    listing,
    pictures_in,
    places_for,
    stand_in,
    with_found_boxes,
)


@pytest.fixture
def data():
    kind = KINDS["synthetic"]
    return draw(kind, 0, 32, dict.fromkeys(kind.classes, 4), dict.fromkeys(kind.classes, 2))


def test_the_stand_in_has_a_folder_for_each_part_and_class_and_is_made_once(data, tmp_path, monkeypatch):
    monkeypatch.setenv("CAREKIT_RUNS", str(tmp_path))
    monkeypatch.setattr(own_photos, "EACH", {"train": 3, "test": 1})
    folder = stand_in(data)
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    assert len(files) == 7 * (3 + 1) and {name.split("/")[0] for name in files} == {"train", "test"}
    assert {name.split("/")[1] for name in files} == set(data.classes)
    row = int(files[0].removesuffix(".png").split("_")[-1])
    assert np.array_equal(np.asarray(Image.open(folder / files[0])), data.read([row])[0])
    before = (folder / files[0]).stat().st_mtime_ns
    assert stand_in(data) == folder and (folder / files[0]).stat().st_mtime_ns == before


def test_found_boxes_fill_what_is_empty_and_leave_what_was_drawn(data, tmp_path):
    rare = [i for i in range(len(data)) if data.classes[data.labels[i]] == data.rare[0]]
    names = data.samples.image_id
    empty = replace_boxes(data, names.iloc[rare[0]], [])
    table = tmp_path / "found.csv"
    found = {names.iloc[i]: np.array([[1.0, 2.0, 9.0, 8.0]]) for i in rare[:2]}
    add_lines(table, lines(found, data.size, "dsr", {}))
    filled = with_found_boxes(empty, table)
    assert filled.boxes_of(rare[0]).tolist() == [[1, 2, 9, 8]]
    assert np.array_equal(filled.boxes_of(rare[1]), data.boxes_of(rare[1]))
    others = [i for i in range(len(data)) if i not in rare]
    assert all(np.array_equal(filled.boxes_of(i), data.boxes_of(i)) for i in others)


def test_a_folder_for_each_class_is_recognised_and_an_unknown_one_refused(data, tmp_path, monkeypatch):
    monkeypatch.setenv("CAREKIT_RUNS", str(tmp_path / "runs"))
    assert layout_of(stand_in(data)).name
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "one.png").write_bytes(b"")
    with pytest.raises(ValueError, match="odd has no known layout: put the photos into a folder for each class"):
        layout_of(tmp_path / "odd")


@pytest.fixture
def folder(tmp_path):
    """As people have it: two classes, endings of all kinds, and what programs leave beside."""
    place = tmp_path / "my photos"
    for name in (
        "a/1.JPG",
        "a/2.tif",
        "b/1.bmp",
        "b/c/3.webp",
        "a/.hidden.png",
        "a/Thumbs.db",
        "notes.txt",
        "b/4.heic",
    ):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(name.encode())
    return place


def test_pictures_are_listed_and_what_is_left_out_is_told(folder, tmp_path):
    found = pictures_in(folder)
    assert [p.relative_to(folder).as_posix() for p in found] == ["a/1.JPG", "a/2.tif", "b/1.bmp", "b/c/3.webp"]
    said = listing(folder, found).splitlines()
    assert [line.strip() for line in said[:3]] == ["2 photos in a", "1 photos in b", "1 photos in b/c"]
    assert said[3] == "no photos: 1 .db, 1 .heic, 1 .png, 1 .txt"
    with pytest.raises(ValueError, match=r"no picture in .*nowhere \(no such folder\): give the folder"):
        pictures_in(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.txt").write_text("")
    with pytest.raises(ValueError, match=r"\(1 other files\)"):
        pictures_in(tmp_path / "empty")


def test_other_photos_are_prepared_elsewhere_and_boxes_stay_with_the_folder(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = places_for(folder, pictures_in(folder), 96)
    assert places_for(folder, pictures_in(folder), 96) == before
    assert places_for(folder.relative_to(tmp_path), pictures_in(folder.relative_to(tmp_path)), 96) == before
    (folder / "a" / "5.png").write_bytes(b"new")
    after = places_for(folder, pictures_in(folder), 96)
    assert after[0] != before[0] and after[1] == before[1]
    other = folder.rename(folder.with_name("other"))
    twin = (tmp_path / "deeper" / "other").parent
    twin.mkdir()
    copied = other.rename(twin / "other")
    assert places_for(copied, pictures_in(copied), 96)[1] != before[1]


def test_the_file_of_a_row_is_found_by_its_name_or_its_path(data, folder):
    named = data.take([0, 1, 2])
    named.samples["image_id"] = ["2", "b/1.bmp", "gone"]
    assert file_of(named, 0, folder, pictures_in(folder)) == folder / "a" / "2.tif"
    assert file_of(named, 1, folder, pictures_in(folder)) == folder / "b" / "1.bmp"
    with pytest.raises(ValueError, match="the picture gone is no longer in"):
        file_of(named, 2, folder, pictures_in(folder))
