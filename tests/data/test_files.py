import hashlib
import zipfile

import pytest

from carekit.data import files
from carekit.data.sources import open_source


def _zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def test_sha256_is_that_of_the_bytes(tmp_path):
    data = bytes(range(256)) * 8200  # more than one block
    (tmp_path / "a").write_bytes(data)
    assert files.sha256(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_folder_and_archive_have_one_face(tmp_path):
    (tmp_path / "f" / "sub").mkdir(parents=True)
    (tmp_path / "f" / "sub" / "b.txt").write_bytes(b"B")
    (tmp_path / "f" / "a.txt").write_bytes(b"A")
    archive = _zip(tmp_path / "f.zip", [("sub/", b""), ("sub/b.txt", b"B"), ("a.txt", b"A")])
    for path in (tmp_path / "f", archive):
        with open_source(path) as source:
            assert source.names == ["a.txt", "sub/b.txt"]
            assert source.read("sub/b.txt") == b"B"


@pytest.mark.parametrize("name", ["../a", "sub/../../a", "/etc/a", "C:/a", "C:a", "..\\a", "\\\\host\\share\\a"])
def test_archive_that_climbs_out_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="outside the folder"):
        open_source(_zip(tmp_path / "a.zip", [(name, b"x")]))


def test_archive_with_a_symbolic_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("link.jpg")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with pytest.raises(ValueError, match="link.jpg.*symbolic link"):
        open_source(_zip(tmp_path / "a.zip", [(link, b"/etc/passwd")]))


def test_archive_that_is_encrypted_is_refused(tmp_path):
    path = _zip(tmp_path / "a.zip", [("a.jpg", b"x")])
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag in the list of files
    path.write_bytes(data)
    with pytest.raises(ValueError, match="a.jpg.*encrypted"):
        open_source(path)


def test_archive_that_unpacks_to_far_more_is_refused(tmp_path):
    with pytest.raises(ValueError, match="zeros.*unpacks to 4194304 bytes"):
        open_source(_zip(tmp_path / "a.zip", [("zeros", bytes(4 << 20))]))
    with open_source(_zip(tmp_path / "b.zip", [("zeros", bytes(1 << 19))])) as source:
        assert len(source.read("zeros")) == 1 << 19  # small: harmless


def test_archive_with_one_name_twice_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = _zip(tmp_path / "a.zip", [("a", b"1"), ("a", b"2")])
    with pytest.raises(ValueError, match="holds a twice"):
        open_source(path)


def test_damaged_archives_are_named(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"not an archive")
    with pytest.raises(ValueError, match="a.zip is damaged"):
        open_source(tmp_path / "a.zip")
    path = _zip(tmp_path / "b.zip", [("x.txt", bytes(range(256)) * 4)])
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF  # inside the packed bytes
    path.write_bytes(data)
    with open_source(path) as source, pytest.raises(ValueError, match="x.txt in archive .* is damaged"):
        source.read("x.txt")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_damage_in_any_packing_is_told(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("x.txt", bytes(range(256)) * 40)
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[45:75] = bytes(30)
    (tmp_path / "a.zip").write_bytes(data)
    with open_source(tmp_path / "a.zip") as source, pytest.raises(ValueError, match=r"x.txt in archive .* is damaged"):
        source.read("x.txt")


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
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    with open_source(tmp_path) as source, pytest.raises(ValueError, match="larger than"):
        source.read("a")


def test_a_source_that_is_no_source_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        open_source(tmp_path / "none")
    (tmp_path / "a.tar").write_bytes(b"x")
    with pytest.raises(ValueError, match="neither a folder nor a .zip"):
        open_source(tmp_path / "a.tar")
