"""A batch's folder: what is whole, what is left over, and whose it is."""

import json

import pytest

from carekit.research.batch import records

RECORD = {"notebook": "own.ipynb", "parameters": {"n": 1}}


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    records.open_batch(folder, "own.ipynb")
    return folder


def at_work(out, name="own-1", text="first"):
    part = records.new_part(out, name)
    part.mkdir()
    (part / "log.txt").write_text(text)
    return part


def test_a_run_is_there_when_it_is_whole(out):
    part = at_work(out)
    results = {"file": str(part / "results.json"), "n": 1}
    (part / "results.json").write_text(json.dumps(results))
    assert not records.is_finished(out, "own-1")
    records.finish(part, out, "own-1", RECORD)
    assert records.is_finished(out, "own-1") and not part.exists()
    final = out / "own-1" / "results.json"
    assert json.loads(final.read_text()) == {"file": str(final), "n": 1}


def test_of_two_that_make_the_same_run_the_first_stays(out):
    parts = [at_work(out, text=text) for text in ("first", "second")]
    for part in parts:
        records.finish(part, out, "own-1", RECORD)
    assert (out / "own-1" / "log.txt").read_text() == "first"
    assert sorted(each.name for each in out.iterdir()) == ["batch.json", "own-1"]


def test_a_failed_run_lies_apart_until_it_is_finished(out):
    for text in ("first", "second"):
        records.fail(at_work(out, text=text), out, "own-1", RECORD)
    assert (out / "failed" / "own-1" / "log.txt").read_text() == "second"
    assert not records.is_finished(out, "own-1")
    records.finish(at_work(out), out, "own-1", RECORD)
    assert not (out / "failed" / "own-1").exists()


def test_what_killed_runs_left_is_removed_by_the_next_batch(out):
    part = at_work(out)
    records.open_batch(out, "own.ipynb")
    assert not part.exists() and (out / "batch.json").exists()


def test_another_batchs_folder_and_other_files_are_left_alone(out, tmp_path):
    with pytest.raises(FileExistsError, match="of a batch of own.ipynb: give other.ipynb another --out"):
        records.open_batch(out, "other.ipynb")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("x")
    with pytest.raises(FileExistsError, match="has files that are of no batch"):
        records.open_batch(mine, "own.ipynb")
    assert [each.name for each in mine.iterdir()] == ["letter.txt"]


def test_one_at_a_time(tmp_path):
    with records.alone_in(tmp_path / "new"):
        with pytest.raises(BlockingIOError, match="another batch is running in"):
            with records.alone_in(tmp_path / "new"):
                pass
    with records.alone_in(tmp_path / "new"):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError, match="is a file"):
        with records.alone_in(tmp_path / "file"):
            pass


def test_a_damaged_file_is_named(tmp_path):
    for text in ("[]", "{", ""):
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(ValueError, match="run.json is no JSON object"):
            records.read_json(tmp_path / "run.json")
