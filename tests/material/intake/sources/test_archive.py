import pickle
import zipfile

import pytest

from carekit.material.intake.sources import archive, open_source


def _zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


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


def test_a_file_that_unpacks_to_too_much_is_refused_when_it_is_read_and_another_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_BYTES", 1 << 19)
    path = _zip(tmp_path / "a.zip", [("zeros", bytes(4 << 20)), ("a.txt", b"A"), ("inner.zip", bytes(4 << 20))])
    with open_source(path) as source:
        assert source.read("a.txt") == b"A"
        with pytest.raises(ValueError, match="zeros in archive .* unpacks to 4194304 bytes"):
            source.read("zeros")
        assert (
            "inner.zip in" in source.remarks[0] and "is an archive of 4 MB: unpack the outer one" in source.remarks[0]
        )


def test_archives_within_archives_and_names_of_windows(tmp_path):
    inner = _zip(tmp_path / "inner.zip", [("sub\\b.txt", b"B")])
    path = _zip(tmp_path / "outer.zip", [("images.zip", inner.read_bytes()), ("set\\a.txt", b"A")])
    with open_source(path) as source:
        assert source.names == ["images.zip", "images.zip/sub/b.txt", "set/a.txt"]
        assert source.read("images.zip/sub/b.txt") == b"B" and source.read("set/a.txt") == b"A"
        with pickle.loads(pickle.dumps(source)) as elsewhere:
            assert elsewhere.read("images.zip/sub/b.txt") == b"B"


def test_an_archive_that_cannot_be_read_is_left_alone_in_a_folder(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"A")
    (tmp_path / "backup.zip").write_bytes(b"no archive")
    with open_source(tmp_path) as source:
        assert source.read("a.txt") == b"A" and "left alone: archive" in source.remarks[0]


def test_names_without_the_flag_of_utf8(tmp_path):
    for name in ("haut.png", "L\u00e4sion.png"):
        path = _zip(tmp_path / "a.zip", [(name.encode("utf-8").decode("cp437"), b"x")])
        data = bytearray(path.read_bytes())
        for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            where = data.index(mark)
            data[where + at + 1] &= ~8 & 255
        raw = name.encode("utf-8").decode("cp437").encode("utf-8")
        path.write_bytes(bytes(data).replace(raw, name.encode("utf-8").ljust(len(raw), b"_")))
        with open_source(path) as source:
            assert source.names[0].startswith(name)


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
