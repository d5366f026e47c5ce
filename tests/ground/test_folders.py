import os
import signal
import subprocess
import sys

import pytest
from filelock import FileLock

from carekit.ground import folders


def test_atomic_folder_appears_at_the_end_only(tmp_path):
    target = tmp_path / "new" / "set"
    with folders.atomic_folder(target) as folder:
        (folder / "a").write_text("1")
        assert not target.exists()
    assert [p.name for p in target.iterdir()] == ["a"]
    assert [p.name for p in target.parent.iterdir()] == ["set"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_atomic_folder_leaves_nothing_after_an_error(tmp_path, error):
    with pytest.raises(error), folders.atomic_folder(tmp_path / "set") as folder:
        (folder / "a").write_text("1")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_atomic_folder_replaces_only_a_marked_folder_and_only_when_told(tmp_path):
    target = tmp_path / "set"
    target.mkdir()
    (target / "letter.txt").write_text("dear")
    with pytest.raises(FileExistsError, match="already has files"), folders.atomic_folder(target):
        pass
    with pytest.raises(FileExistsError, match="not made by carekit"), folders.atomic_folder(target, True):
        pass
    assert (target / "letter.txt").read_text() == "dear"
    (target / "facts.json").write_text("{}")
    with pytest.raises(FileExistsError, match="letter.txt is no part of a prepared set: move it"):
        with folders.atomic_folder(target, True):
            pass
    (target / "letter.txt").rename(tmp_path / "letter.txt")
    with folders.atomic_folder(target, True) as folder:
        (folder / "b").write_text("2")
    assert [p.name for p in target.iterdir()] == ["b"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["letter.txt", "set"]


def test_a_set_with_boxes_drawn_by_hand_is_not_replaced(tmp_path):
    target = tmp_path / "set"
    target.mkdir()
    (target / "facts.json").write_text("{}")
    (target / ".lock").touch()
    with pytest.raises(FileExistsError, match="has boxes that were drawn by hand: move it"):
        with folders.resumable_folder(target, {}, True):
            pass
    assert (target / "facts.json").exists()


def test_atomic_folder_keeps_the_old_one_when_the_new_one_fails(tmp_path):
    target = tmp_path / "set"
    target.mkdir()
    (target / "facts.json").write_text("old")
    with pytest.raises(RuntimeError), folders.atomic_folder(target, True):
        raise RuntimeError
    assert (target / "facts.json").read_text() == "old"


def test_atomic_folder_puts_the_old_one_back_when_stopped_between_the_renamings(tmp_path, monkeypatch):
    target = tmp_path / "set"
    target.mkdir()
    (target / "facts.json").write_text("old")
    rename = folders.Path.rename

    def stopped(self, to):
        if self.suffix == ".part":
            raise KeyboardInterrupt
        return rename(self, to)

    monkeypatch.setattr(folders.Path, "rename", stopped)
    with pytest.raises(KeyboardInterrupt), folders.atomic_folder(target, True):
        pass
    assert (target / "facts.json").read_text() == "old"


def test_atomic_folder_refuses_the_name_of_a_file(tmp_path):
    (tmp_path / "set").write_text("x")
    with pytest.raises(FileExistsError, match="is a file"), folders.atomic_folder(tmp_path / "set", True):
        pass


def test_what_a_killed_process_left_beside_goes_with_the_next(tmp_path):
    left, about_to_work = tmp_path / ".set.0123abcd.part", tmp_path / ".set.3210abcd.part"
    for each in (left, about_to_work):
        each.mkdir()
        (each / folders.LOCK).touch()
    (left / "images.npy").touch()
    os.utime(left / folders.LOCK, (0, 0))
    at_work = tmp_path / ".set.89abcdef.part"
    at_work.mkdir()
    strange = tmp_path / ".set.fedcba98.part"  # without a lock it is not ours
    strange.mkdir()
    with FileLock(at_work / folders.LOCK):
        os.utime(at_work / folders.LOCK, (0, 0))
        with folders.atomic_folder(tmp_path / "set") as folder:
            (folder / "facts.json").touch()
    kept = [about_to_work.name, at_work.name, strange.name, "set"]
    assert sorted(path.name for path in tmp_path.iterdir()) == kept
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["facts.json"]


KILLED = """
import os, signal, sys
from pathlib import Path
from carekit.ground.folders import whole_file

with whole_file(Path(sys.argv[1])) as new:
    for name in (new, new.with_name(".tmp123")):  # the second as safetensors makes one
        name.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="processes are killed by a signal")
def test_a_file_is_written_whole_or_not_at_all_and_what_a_kill_left_goes_with_the_next(tmp_path):
    path = tmp_path / "a [1] {} ü.json"
    assert subprocess.run([sys.executable, "-c", KILLED, path]).returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    os.utime(left / folders.LOCK, (0, 0))
    for word in ("one", "two"):
        with folders.whole_file(path) as new:
            new.write_text(word)
    with pytest.raises(KeyboardInterrupt), folders.whole_file(path) as new:
        new.write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "two"


@pytest.mark.parametrize("name", ["a {0} b", "100 %", "#1", "größer", "a[b]c", "a'b"])
def test_any_name_of_a_folder(name, tmp_path):
    for _ in range(2):
        with folders.atomic_folder(tmp_path / name, overwrite=True) as folder:
            (folder / "facts.json").touch()
    with folders.resumable_folder(tmp_path / name, {}, overwrite=True) as folder:
        (folder / "facts.json").touch()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_work_that_was_ended_from_outside_is_kept_and_other_work_is_not(tmp_path):
    for error, kept in ((folders.Ended, True), (OSError, False)):
        with pytest.raises(error), folders.resumable_folder(tmp_path / "set", {"a": 1}) as folder:
            (folder / "done").write_text("1")
            raise error("x")
        assert (tmp_path / ".set.part" / "done").exists() == kept


def test_a_line_of_a_journal_that_was_changed_is_none(tmp_path):
    journal = tmp_path / "journal"
    lines = [folders.journal_line([i, ["ä"]]) for i in range(3)]
    journal.write_text("".join(lines) + lines[0][:-20])
    assert list(folders.journal_entries(journal)) == [[i, ["ä"]] for i in range(3)]
    journal.write_text(lines[0].replace("0, [", "7, [") + lines[1] + "\0" * 100 + "\n" + lines[2])
    assert list(folders.journal_entries(journal)) == [[1, ["ä"]], [2, ["ä"]]]
    assert list(folders.journal_entries(tmp_path / "none")) == []
