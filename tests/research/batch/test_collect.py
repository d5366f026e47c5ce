"""One tidy table of many runs."""

import json

import pandas as pd
import pytest

from carekit.__main__ import main
from carekit.research.batch.collect import collect, flat

IDENTITY = {"version": "0.1.0", "notebook": "aaaaaaaaaa", "code": "bbbbbbbbbb", "data": ""}


@pytest.fixture
def add(tmp_path):
    """add(name, parameters, results): a finished run."""

    def add_run(name, parameters, results=None, *, batch="one", identity=IDENTITY, notebook="own.ipynb"):
        folder = tmp_path / batch / name
        folder.mkdir(parents=True)
        record = {"notebook": notebook, "parameters": parameters, "identity": identity, "seconds": 2.5}
        (folder / "run.json").write_text(json.dumps(record))
        if results is not None:
            (folder / "results.json").write_text(json.dumps(results))

    return add_run


def test_a_row_for_each_record_of_a_lessons_runs(add, tmp_path):
    runs = [{"arm": arm, "seed": seed, "mca": 0.5 + seed / 10} for seed in (4, 5) for arm in ("a", "b")]
    add("own-2", {"tau": 0.5, "seed": 4}, {"parameters": {}, "figures": {"rare": "df", "runs": runs}})
    add("own-1", {"tau": 0.2, "seed": 4}, {"parameters": {}, "figures": {"rare": "df", "runs": runs}})
    table, remarks = collect(tmp_path / "one")
    assert not remarks and list(table.columns) == "notebook run made_by tau seed arm mca seconds".split()
    assert table.tau.tolist() == [0.2] * 4 + [0.5] * 4
    assert table.seed.tolist() == [4, 4, 5, 5] * 2 and table.arm.tolist() == ["a", "b"] * 4
    assert table.mca.tolist() == pytest.approx([0.9, 0.9, 1.0, 1.0] * 2)


def test_a_row_for_a_notebook_of_ones_own(add, tmp_path):
    add("own-1", {"n": 10}, {"score": 0.5, "parts": {"a": 1, "deep": {"b": True}}, "curve": [1, 2], "none": None})
    add("own-2", {"n": 9})
    table, _ = collect(tmp_path)
    assert table.n.tolist() == [9, 10] and table.score.isna().tolist() == [True, False]
    assert table["parts.a"].iloc[1] == 1 and table["parts.deep.b"].iloc[1] is True and "curve" not in table


def test_what_is_not_finished_is_not_in_it(add, tmp_path):
    add("own-1", {"n": 1})
    add("own-2", {"n": 2}, batch="one/failed")
    add(".own-3.abc.part", {"n": 3})
    for folder in ("one", ""):
        table, remarks = collect(tmp_path / folder)
        assert table.n.tolist() == [1]
    assert remarks == []
    assert collect(tmp_path / "one")[1] == ["1 runs failed and are not in the table."]


def test_several_versions_are_told_apart(add, tmp_path):
    add("own-1", {"n": 1})
    add("own-2", {"n": 1}, identity=IDENTITY | {"code": "cccccccccc"})
    add("own-3", {"n": 2}, identity=IDENTITY | {"code": ""})
    table, remarks = collect(tmp_path)
    assert table.made_by.tolist() == ["0.1.0-aaaaaa-0", "0.1.0-aaaaaa-bbbbbb", "0.1.0-aaaaaa-cccccc"]
    assert len(remarks) == 1 and "own.ipynb: runs of several versions are mixed" in remarks[0]
    assert all(f"{name} 1 runs" in remarks[0] for name in table.made_by)


def test_texts_and_numbers_of_one_column_have_an_order(add, tmp_path):
    for i, value in enumerate(["b", 2, None, 10, "a"]):
        add(f"own-{i}", {"n": value})
    assert collect(tmp_path)[0].n.tolist()[:2] == [2, 10]


def test_flat():
    assert flat({"a": {"b": {"c": 1}, "d": [2]}, "e": "x"}) == {"a.b.c": 1, "e": "x"}


def test_the_command_writes_a_table_that_pandas_reads(add, tmp_path, capsys):
    add("own-1", {"n": 1, "name": "a, b"}, {"score": 0.25})
    out = tmp_path / "new" / "table.csv"
    assert main(["collect", str(tmp_path), "--out", str(out)]) == 0
    assert "1 rows of 1 runs" in capsys.readouterr().out
    table = pd.read_csv(out)
    assert table.loc[0, ["n", "name", "score"]].tolist() == [1, "a, b", 0.25]


def test_nothing_to_collect_and_damage_are_one_sentence(add, tmp_path, capsys):
    assert main(["collect", str(tmp_path)]) == 2
    assert "has no finished runs" in capsys.readouterr().err
    add("own-1", {"n": 1})
    (tmp_path / "one" / "own-1" / "run.json").write_text("{")
    assert main(["collect", str(tmp_path), "--out", str(tmp_path / "t.csv")]) == 2
    assert "run.json is no JSON object" in capsys.readouterr().err and not (tmp_path / "t.csv").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": [1]},
        {"parameters": None},
        {"identity": None},
        {"identity": {"version": "0"}},
        {"identity": IDENTITY | {"code": 3}},
        {"seconds": "x"},
        {"notebook": 3},
    ],
)
def test_a_record_of_something_else_is_one_sentence(add, tmp_path, capsys, change):
    add("own-1", {"n": 1})
    file = tmp_path / "one" / "own-1" / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    assert main(["collect", str(tmp_path), "--out", str(tmp_path / "t.csv")]) == 2
    assert f"{file} is no record of a run" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["run.json", "results.json"])
def test_json_of_any_depth_is_one_sentence(add, tmp_path, capsys, name):
    add("own-1", {"n": 1}, {})
    (tmp_path / "one" / "own-1" / name).write_text('{"a":' * 100_000 + "1" + "}" * 100_000)
    assert main(["collect", str(tmp_path), "--out", str(tmp_path / "t.csv")]) == 2
    assert f"{name} is no JSON object" in capsys.readouterr().err
