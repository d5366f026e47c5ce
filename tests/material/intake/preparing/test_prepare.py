import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from carekit.data import chunked_arrays, filling
from carekit.material.intake.layouts.own import OWN
from carekit.material.intake.preparing import prepare as preparing
from carekit.material.intake.preparing.prepare import prepare
from carekit.material.intake.sources import Source

ROOT = Path(__file__).resolve().parents[4]


def _bytes(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _prepare(source, out, **options):
    return prepare(OWN, source, out, **{"size": 16, "workers": 1} | options)


def test_stopped_by_hand_it_goes_on_and_gives_the_same_bytes(own, tmp_path, monkeypatch):
    monkeypatch.setattr(filling, "CHUNK", 4)
    _prepare(own, tmp_path / "whole")
    read, seen = Source.image, []

    def stopping(source, name):
        seen.append(name)
        if len(seen) == 10:
            raise KeyboardInterrupt
        return read(source, name)

    monkeypatch.setattr(Source, "image", stopping)
    with pytest.raises(KeyboardInterrupt):
        _prepare(own, tmp_path / "out")
    assert not (tmp_path / "out").exists() and (tmp_path / ".out.part").exists()
    _prepare(own, tmp_path / "out")
    assert len(seen) == 10 + 24 - 8  # two chunks of four were whole
    assert _bytes(tmp_path / "out") == _bytes(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "own", "whole"]


def test_stopped_after_the_last_image_nothing_is_drawn_again(own, tmp_path, monkeypatch):
    monkeypatch.setattr(preparing, "write_tables", _interrupt)
    with pytest.raises(KeyboardInterrupt):
        _prepare(own, tmp_path / "out")
    monkeypatch.undo()
    monkeypatch.setattr(Source, "image", lambda *_: pytest.fail("an image is read again"))
    assert len(_prepare(own, tmp_path / "out")) == 24
    assert not (tmp_path / "out" / "journal.jsonl").exists()


def _interrupt(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("out", ["own", "own/images/out", "."])
def test_a_place_around_or_within_the_source_is_refused(own, tmp_path, out):
    (own / "facts.json").write_text("{}")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match="must not contain each other: give a folder elsewhere"):
        _prepare(own, tmp_path / out, overwrite=True)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", [".out.part", ".out.old"])
def test_a_folder_of_somebody_else_beside_it_is_not_touched(own, tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "notes.txt").write_text("precious")
    with pytest.raises(FileExistsError, match=f"{name} was not made by carekit and is in the way"):
        _prepare(own, tmp_path / "out")
    assert (tmp_path / name / "notes.txt").read_text() == "precious" and not (tmp_path / "out").exists()


def test_after_an_error_no_new_folder_remains(own, tmp_path):
    (own / "images" / "p00.png").write_bytes(b"")
    with pytest.raises(ValueError, match="p00.png is empty"):
        _prepare(own, tmp_path / "new" / "deep" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["own"]


_SLOWLY = """
import sys, time
from carekit.material.intake.layouts.own import OWN
from carekit.data import filling
from carekit.material.intake.preparing.prepare import prepare
from carekit.material.intake.sources import Source
read, filling.CHUNK = Source.image, 2
def slowly(*file):  # in the workers too, since a spawned process imports this script
    time.sleep(0.2)
    return read(*file)
Source.image = slowly
if __name__ == "__main__":
    prepare(OWN, sys.argv[1], sys.argv[2], 16, workers=2)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills by a POSIX signal")
def test_killed_it_leaves_no_process_and_goes_on(own, tmp_path, monkeypatch):
    monkeypatch.setattr(filling, "CHUNK", 2)
    _prepare(own, tmp_path / "whole")
    script = tmp_path / "run.py"
    script.write_text(_SLOWLY)
    child = subprocess.Popen(
        [sys.executable, script, own, tmp_path / "out"], env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    journal = tmp_path / ".out.part" / "journal.jsonl"
    _until(lambda: journal.exists() and journal.read_text().count("\n") >= 2)
    workers = [int(pid) for pid in _children(child.pid)]
    child.send_signal(signal.SIGKILL)
    child.wait()
    _until(lambda: not any(_alive(pid) for pid in workers))
    whole = journal.read_text().count("\n")
    assert workers and 2 <= whole < 12
    _prepare(own, tmp_path / "out")
    assert _bytes(tmp_path / "out") == _bytes(tmp_path / "whole")


@pytest.mark.skipif(sys.platform == "win32", reason="kills by a POSIX signal")
def test_a_worker_that_the_system_ends_takes_no_finished_work_along(own, tmp_path, monkeypatch):
    monkeypatch.setattr(filling, "CHUNK", 2)
    _prepare(own, tmp_path / "whole")
    script = tmp_path / "run.py"
    script.write_text(_SLOWLY)
    command = [sys.executable, script, own, tmp_path / "out"]
    child = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True)
    journal = tmp_path / ".out.part" / "journal.jsonl"
    _until(lambda: journal.exists() and journal.read_text().count("\n") >= 2)
    worker = next(pid for pid in _children(child.pid) if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text())
    os.kill(int(worker), signal.SIGKILL)
    words = child.communicate(timeout=60)[1]
    assert "Ended: a worker process was ended, perhaps for want of memory: what is done is kept; run it" in words
    assert 2 <= journal.read_text().count("\n") < 12
    drawn = []
    write = chunked_arrays._write
    monkeypatch.setattr(
        chunked_arrays, "_write", lambda path, start, rows: drawn.append(start) or write(path, start, rows)
    )
    _prepare(own, tmp_path / "out")
    assert len(set(drawn)) < 12
    assert _bytes(tmp_path / "out") == _bytes(tmp_path / "whole")


def _until(fulfilled, seconds=60):
    end = time.monotonic() + seconds
    while not fulfilled():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def _children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return file.read().split()


def _alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().split(")")[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_with_other_settings_or_another_source_it_starts_anew(own, tmp_path, monkeypatch):
    monkeypatch.setattr(filling, "CHUNK", 4)
    read = Source.image

    def stop(source, name):
        if name.endswith("p10.png"):
            raise KeyboardInterrupt
        return read(source, name)

    for change in (lambda: {"size": 24}, lambda: (own / "images" / "p00.png").write_bytes(_red()) and {}):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(Source, "image", stop)
            _prepare(own, tmp_path / "out")
        options = change()
        _prepare(own, tmp_path / "out", **options)
        _prepare(own, tmp_path / "fresh", **options)
        assert _bytes(tmp_path / "out") == _bytes(tmp_path / "fresh")
        for name in ("out", "fresh"):
            for file in (tmp_path / name).iterdir():
                file.unlink()
            (tmp_path / name).rmdir()


def _red():
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (40, 30), (250, 0, 0)).save(out, "PNG")
    return out.getvalue()


def test_two_at_once_are_kept_apart(own, tmp_path):
    (tmp_path / ".out.part").mkdir()
    with FileLock(tmp_path / ".out.part" / "lock"), pytest.raises(BlockingIOError, match="another process is at work"):
        _prepare(own, tmp_path / "out")
    assert len(_prepare(own, tmp_path / "out")) == 24


def test_a_place_that_cannot_be_written_to_is_told(own, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="cannot be written to"):
        _prepare(own, tmp_path / "file" / "out")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_told(own, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(OSError, match="cannot be written to"):
        _prepare(own, tmp_path / "locked" / "out")


def test_nothing_outside_out_is_touched(own, tmp_path):
    def tree():
        return {path: path.stat().st_mtime_ns for path in own.rglob("*")}

    before = tree()
    _prepare(own, tmp_path / "out", workers=2)
    assert tree() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "own"]


def test_a_layout_that_is_not_there_is_told_before_anything_is_written(own, tmp_path):
    (own / "labels.csv").unlink()
    with pytest.raises(ValueError, match="not laid out as own: it must hold labels.csv"):
        _prepare(own, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["own"]
