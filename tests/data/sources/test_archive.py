import zipfile

import pytest

from carekit.data.sources import open_source


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
