import os
import resource
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from carekit.data import filling
from carekit.data.filling import Drawn, fill
from carekit.ground.folders import journal_entries


def _draw(item, size=8):
    rng = np.random.default_rng(item)
    image = rng.integers(0, 256, (size, size, 3), dtype=np.uint8)
    return Drawn(image, image[..., 0] % 2, [(0.1 * item, 0.0, 8.0, 8.0)] * (item % 3), {"item": item})


def _load(folder):
    return [np.load(folder / name) for name in ("images.npy", "masks.npy")]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(filling, "CHUNK", 4)


def test_row_i_is_item_i_whatever_the_number_of_workers(tmp_path):
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        folder.mkdir()
        results = fill(folder, range(10), partial(_draw, size=8), 8, workers)
        images, masks = _load(folder)
        for i in range(10):
            drawn = _draw(i)
            np.testing.assert_array_equal(images[i], drawn.image)
            np.testing.assert_array_equal(masks[i], drawn.mask)
            assert results[i] == (drawn.boxes, drawn.about)
        assert sorted(path.name for path in folder.iterdir()) == ["images.npy", "journal.jsonl", "masks.npy"]


def test_without_masks_there_is_no_file_of_them(tmp_path):
    fill(tmp_path, range(3), _draw, 8, 1, masks=False)
    assert not (tmp_path / "masks.npy").exists()


def test_what_is_whole_is_not_drawn_again_and_the_result_is_the_same(tmp_path):
    seen = []

    def stopping(item):
        if item == 6 and 6 not in seen:
            seen.append(item)
            raise KeyboardInterrupt
        seen.append(item)
        return _draw(item)

    first, second = tmp_path / "whole", tmp_path / "stopped"
    for folder in (first, second):
        folder.mkdir()
    expected = fill(first, range(10), _draw, 8, 1)
    with pytest.raises(KeyboardInterrupt):
        fill(second, range(10), stopping, 8, 1)
    assert seen == [0, 1, 2, 3, 4, 5, 6]
    with open(second / "journal.jsonl", "a") as journal:
        journal.write('[4, [[[], {"it')  # a line that a kill has torn
    seen[:] = [6]
    assert fill(second, range(10), stopping, 8, 1) == expected
    assert seen == [6, 4, 5, 6, 7, 8, 9]
    for a, b in zip(_load(first), _load(second), strict=True):
        np.testing.assert_array_equal(a, b)


def _flip(file, place):
    data = bytearray(file.read_bytes())
    data[place] ^= 0x10
    file.write_bytes(data)


def _invent(journal):
    lines = journal.read_text().splitlines()
    journal.write_text("\n".join([lines[0].replace("8.0", "7.0", 1), *lines[1:]]) + "\n")


DAMAGE = {
    "a pixel": lambda folder: _flip(folder / "images.npy", -1),
    "a pixel of a mask": lambda folder: _flip(folder / "masks.npy", -1),
    "a header": lambda folder: _flip(folder / "images.npy", 30),
    "images cut short": lambda folder: os.truncate(folder / "images.npy", 400),
    "images gone": lambda folder: (folder / "images.npy").unlink(),
    "masks empty": lambda folder: os.truncate(folder / "masks.npy", 0),
    "a box in the journal": lambda folder: _invent(folder / "journal.jsonl"),
    "a bit of the journal": lambda folder: _flip(folder / "journal.jsonl", 100),
    "the journal empty": lambda folder: os.truncate(folder / "journal.jsonl", 0),
    "zeros in the journal": lambda folder: (folder / "journal.jsonl").write_bytes(bytes(300)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_a_power_cut_damaged_is_drawn_again(damage, tmp_path):
    first, second = tmp_path / "whole", tmp_path / "stopped"
    for folder in (first, second):
        folder.mkdir()
        expected = fill(folder, range(8), _draw, 8, 1)
    damage(second)
    assert fill(second, range(8), _draw, 8, 1) == expected
    for a, b in zip(_load(first), _load(second), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_journal_tells_each_chunk_once(tmp_path, monkeypatch):
    def failing(item):
        if item == 9:
            raise ValueError("item 9")
        return _draw(item)

    with pytest.raises(ValueError, match="item 9"):
        fill(tmp_path, range(10), failing, 8, 1)
    entries = journal_entries(tmp_path / "journal.jsonl")
    assert [(start, len(results)) for start, results, _ in entries] == [(0, 4), (4, 4)]


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files by POSIX means")
def test_a_full_disk_is_an_error_and_not_the_end_of_the_process(tmp_path):
    script = f"""
import resource, sys
sys.path.insert(0, {os.path.dirname(__file__)!r})
from pathlib import Path
import numpy as np
from carekit.data.filling import Drawn, fill
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    fill(Path({str(tmp_path)!r}), range(100), lambda i: Drawn(np.zeros((8, 8, 3), np.uint8), None, [], {{}}), 8, 1)
except OSError as error:
    print("told:", error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("told:"), done.stderr
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 4096


@pytest.mark.skipif(sys.platform == "win32", reason="kills by a POSIX signal")
def test_a_worker_that_was_killed_is_told(tmp_path):
    with pytest.raises(OSError, match="a worker process was ended"):
        fill(tmp_path, range(10), _suicide, 8, 2)


def _suicide(item):
    if item == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return _draw(item)
