"""Only files that the kit wrote, unchanged since, are replaced or removed; names cannot leave their folder."""

import pytest

from carekit.ground import ownership
from carekit.ground.ownership import file_name

NAMES = ["01.ipynb", "index.html"]


@pytest.fixture
def out(tmp_path, monkeypatch):
    """A folder into which a command has written."""
    monkeypatch.setenv("CAREKIT_RUNS", str(tmp_path / "runs"))
    folder = tmp_path / "out"
    folder.mkdir()
    ownership.begin(folder, NAMES)
    for name in NAMES:
        (folder / name).write_text("made")
    ownership.finish(folder, NAMES)
    return folder


def test_what_an_earlier_command_wrote_is_removed_and_other_files_stay(out):
    (out / "notes.txt").write_text("mine")
    ownership.begin(out, ["02.ipynb"])
    assert [path.name for path in out.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("name", ["01.ipynb", "02.ipynb"])
def test_a_changed_file_and_another_programs_stop_it_before_anything_is_removed(out, name):
    (out / name).write_text("answers of a learner")
    with pytest.raises(FileExistsError, match=f"{name} was not written by carekit, or was changed since: move it"):
        ownership.begin(out, ["01.ipynb", "02.ipynb"])
    assert (out / name).read_text() == "answers of a learner" and (out / "index.html").exists()


def test_a_changed_file_of_another_name_stays(out):
    (out / "01.ipynb").write_text("answers of a learner")
    ownership.begin(out, ["02.ipynb", "index.html"])
    assert [path.name for path in out.iterdir()] == ["01.ipynb"]


def test_what_a_killed_command_left_half_written_is_removed(out):
    ownership.begin(out, NAMES)
    (out / "01.ipynb").write_text("half")
    ownership.begin(out, NAMES)
    assert not list(out.iterdir())


def test_a_link_with_the_name_of_a_file_is_somebodys(out, tmp_path):
    (tmp_path / "mine").write_text("made")
    (out / "index.html").unlink()
    (out / "index.html").symlink_to(tmp_path / "mine")
    with pytest.raises(FileExistsError, match="index.html was not written by carekit"):
        ownership.begin(out, NAMES)


def test_a_folder_is_replaceable_while_all_its_files_are_those_of_the_list(out, tmp_path):
    ownership.check_replaceable(out)
    ownership.check_replaceable(tmp_path / "not there")
    (out / "figures").mkdir()
    (out / "figures" / "own.png").write_text("mine")
    with pytest.raises(FileExistsError, match="own.png was not written by carekit"):
        ownership.check_replaceable(out)


def test_a_new_folder_that_takes_a_place_is_known_there(tmp_path, monkeypatch):
    monkeypatch.setenv("CAREKIT_RUNS", str(tmp_path / "runs"))
    new, place = tmp_path / "new", tmp_path / "place"
    (new / "deep").mkdir(parents=True)
    (new / "deep" / "a").write_text("1")
    ownership.finish_as(place, new)
    new.rename(place)
    ownership.check_replaceable(place)
    (place / "deep" / "a").write_text("2")
    with pytest.raises(FileExistsError):
        ownership.check_replaceable(place)


@pytest.mark.parametrize("name", ["df", "melanocytic nevus", "皮膚纖維瘤", "Ätzung (2)", "a.b"])
def test_a_plain_name_is_its_own_file_name(name):
    assert file_name(name) == name


@pytest.mark.parametrize(
    "name", ["BCC/SCC", "..", ".", "", "../../x", "/x", "C:\\x", "a\0b", "x" * 300, "皮" * 300, "a ", ".hidden", "<b>"]
)
def test_other_names_stay_inside_and_differ(tmp_path, name):
    safe = file_name(name)
    assert (tmp_path / safe).resolve().parent == tmp_path.resolve() and len(safe.encode()) <= 240
    assert not safe.startswith(".") and file_name(safe) == safe
    assert safe != file_name(f"{name}!")
    (tmp_path / f"{safe}.json").write_text("a file system takes it")
