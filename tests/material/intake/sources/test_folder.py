import zipfile

import pytest

from carekit.material.intake.sources import folder, open_source


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_folder_with_a_link_that_leaves_it_is_refused(tmp_path, kind):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("x")
    (inside / "link").symlink_to(outside / "secret" if kind == "file" else outside)
    with pytest.raises(ValueError, match="link that leaves"):
        open_source(inside)


def test_file_too_large_to_be_an_image_is_refused(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(bytes(11))
    monkeypatch.setattr(folder, "MAX_BYTES", 10)
    with open_source(tmp_path) as source, pytest.raises(ValueError, match="larger than"):
        source.read("a")


def test_archives_in_a_folder_are_read_like_folders(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_bytes(b"A")
    with zipfile.ZipFile(tmp_path / "in" / "b.zip", "w") as archive:
        archive.writestr("c/d.txt", b"D")
    with open_source(tmp_path / "in") as source:
        assert source.names == ["a.txt", "b.zip", "b.zip/c/d.txt"]
        assert source.read("b.zip/c/d.txt") == b"D"


def test_a_link_that_leads_nowhere_is_one_sentence_when_it_is_read(tmp_path):
    (tmp_path / "a.png").symlink_to("nothing.png")
    with open_source(tmp_path) as source, pytest.raises(ValueError, match=r"a\.png cannot be read \(No such file"):
        source.read("a.png")
