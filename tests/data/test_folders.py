import pytest

from carekit.data import folders


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
    with folders.atomic_folder(target, True) as folder:
        (folder / "b").write_text("2")
    assert [p.name for p in target.iterdir()] == ["b"]
    assert [p.name for p in tmp_path.iterdir()] == ["set"]


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
