import hashlib
import os

from carekit.ground import checksums


def test_sha256_is_that_of_the_bytes(tmp_path):
    data = bytes(range(256)) * 8200  # more than one block
    (tmp_path / "a").write_bytes(data)
    assert checksums.sha256(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_a_stamp_changes_with_a_file_and_not_with_reading(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a").write_bytes(b"1")
    os.utime(tmp_path / "sub" / "a", (1, 1))
    before = checksums.stamp(tmp_path)
    (tmp_path / "sub" / "a").read_bytes()
    assert checksums.stamp(tmp_path) == before
    (tmp_path / "sub" / "a").write_bytes(b"2")
    assert checksums.stamp(tmp_path) != before
