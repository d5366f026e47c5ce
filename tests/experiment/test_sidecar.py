"""A table and its sidecar: whole, and of each other."""

import json
import os

import pandas as pd
import pytest

from carekit.experiment import sidecar as results


@pytest.fixture
def table():
    return pd.DataFrame({"study": ["a", "a"], "arm": ["x", "y"], "seed": [0, 0], "mca": [0.5, 1 / 3]})


def test_what_is_written_is_read_with_how_it_was_made(tiny, table, tmp_path):
    path = results.write("some", table, data=[tiny], seconds=1.26, command="the command", out=tmp_path, seeds=2)
    assert path == tmp_path / "some.csv" and path.read_text().splitlines()[2] == "a,y,0,0.333333"
    found, about = results.read("some", tmp_path)
    assert found.round(5).equals(table.round(5))
    assert (about["command"], about["seconds"], about["seeds"], about["rows"]) == ("the command", 1.3, 2, 2)
    assert about["data"][0]["counts"] == {"train": {"common": 18, "rare": 6}, "test": {"common": 6, "rare": 2}}
    assert {"python", "carekit", "torch"} <= about["versions"].keys() and about["machine"]["cores"] == os.cpu_count()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["some.csv", "some.json"]


def test_a_table_that_was_changed_or_is_missing_is_one_sentence(tiny, table, tmp_path):
    path = results.write("some", table, data=[tiny], seconds=1, command="the command", out=tmp_path)
    path.write_text(path.read_text().replace("0.5", "0.6"))
    with pytest.raises(ValueError, match="some.csv was changed since it was written: make it again with `the command`"):
        results.read("some", tmp_path)
    with pytest.raises(FileNotFoundError, match="there are no results .*other.csv"):
        results.read("other", tmp_path)


def test_a_write_that_fails_leaves_what_was_there(tiny, table, tmp_path, monkeypatch):
    results.write("some", table, data=[tiny], seconds=1, command="the command", out=tmp_path)
    before = (tmp_path / "some.csv").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        results.write("some", table.assign(mca=0), data=[tiny], seconds=1, command="the command", out=tmp_path)
    assert (tmp_path / "some.csv").read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["some.csv", "some.json"]


def test_notes_must_be_json(tiny, table, tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant|Out of range"):
        results.write("some", table, data=[tiny], seconds=1, command="", out=tmp_path, note=float("nan"))
    assert not (tmp_path / "some.json").exists()


def test_the_sidecar_is_json_that_any_program_reads(tiny, table, tmp_path):
    path = results.write("some", table, data=[tiny], seconds=1, command="", out=tmp_path)
    about = json.loads(path.with_suffix(".json").read_text())
    assert about["data"][0]["fingerprint"] == tiny.fingerprint()
