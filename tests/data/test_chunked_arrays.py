import numpy as np
import pytest

from carekit.data.chunked_arrays import ChunkedArrays
from carekit.ground.folders import JOURNAL, journal_line

ROWS = {"a.npy": np.arange(12.0, dtype=np.float32).reshape(6, 2), "b.npy": np.ones((6, 3), np.float32)}


@pytest.fixture
def arrays(tmp_path):
    return ChunkedArrays(tmp_path, {name: rows.shape for name, rows in ROWS.items()}, np.float32, chunk=4)


def fill(arrays, starts):
    with arrays.journal() as note:
        for start in starts:
            checksum = arrays.write(start, {name: rows[start : start + 4] for name, rows in ROWS.items()})
            note(start, {"from": start}, checksum)


def test_chunks_in_any_order_are_found_again_with_their_notes(arrays):
    assert arrays.resume() == {}
    fill(arrays, [4])
    assert arrays.resume() == {4: {"from": 4}}
    fill(arrays, [0])
    assert set(arrays.resume()) == {0, 4}
    for name, rows in ROWS.items():
        np.testing.assert_array_equal(np.load(arrays.folder / name), rows)


def test_a_chunk_whose_bytes_are_not_those_of_the_journal_is_made_again(arrays):
    arrays.resume()
    fill(arrays, [0, 4])
    file = np.lib.format.open_memmap(arrays.folder / "b.npy", "r+")
    file[5] = 7
    file.flush()
    assert set(arrays.resume()) == {0}


def test_files_of_another_shape_start_empty(arrays, tmp_path):
    arrays.resume()
    fill(arrays, [0])
    other = ChunkedArrays(tmp_path, {"a.npy": (6, 5), "b.npy": (6, 3)}, np.float32, chunk=4)
    assert other.resume() == {} and not (tmp_path / JOURNAL).exists()
    assert np.load(tmp_path / "a.npy").shape == (6, 5)


def test_a_journal_of_an_earlier_version_is_made_again(arrays):
    arrays.resume()
    (arrays.folder / JOURNAL).write_text(journal_line([0, "0" * 64]))
    assert arrays.resume() == {}
