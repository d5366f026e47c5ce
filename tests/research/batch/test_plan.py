"""Names of runs, what is left to do, and how long it may take."""

import json

import pytest

from carekit.research.batch.grid import parse_grid
from carekit.research.batch.notebook import read_notebook
from carekit.research.batch.plan import in_words, make_plan


@pytest.fixture
def plan(write, tmp_path):
    notebook = read_notebook(write("n = 1\nshare = 0.5"))
    return make_plan(notebook, parse_grid(["n=0..3", "share=1,0.2"]), tmp_path / "out")


def finish(plan, run, seconds):
    folder = plan.out / run.name
    folder.mkdir(parents=True)
    (plan.out / "batch.json").write_text(json.dumps({"notebook": plan.notebook.path.name}))
    (folder / "run.json").write_text(json.dumps({"seconds": seconds, "parameters": dict(run.parameters)}))


def test_each_run_has_its_name_made_of_all_that_decides_it(plan, write, tmp_path):
    names = [run.name for run in plan.runs]
    assert len(set(names)) == 8 and all(name.startswith("own-") for name in names)
    again = make_plan(plan.notebook, parse_grid(["share=0.2,1.0", "n=0..3"]), tmp_path / "other")
    assert {run.name for run in again.runs} == set(names)
    changed = make_plan(read_notebook(write("n = 1\nshare = 0.5", "n")), parse_grid(["n=0..3"]), plan.out)
    assert not {run.name for run in changed.runs} & set(names)


def test_what_is_finished_is_not_waiting(plan):
    finish(plan, plan.runs[2], 3.0)
    assert plan.waiting == [run for i, run in enumerate(plan.runs) if i != 2]


def test_the_words_before_and_after_something_is_known(plan):
    assert "own.ipynb: 8 runs, 0 finished, 8 to do" in plan.words(2)
    assert "not known before the first one has finished" in plan.words(2)
    for run, seconds in zip(plan.runs[:3], (30.0, 50.0, 900.0), strict=True):
        finish(plan, run, seconds)
    words = plan.words(2)
    assert "8 runs, 3 finished, 5 to do" in words
    assert "About 2 min: a run took 50 s, and 2 go on at a time" in words  # three rounds of 50 s
    assert "the cluster decides" in plan.words(None)


def test_a_bad_value_anywhere_in_the_grid_is_found_before_anything_is_made(plan):
    with pytest.raises(ValueError, match="n = 0.5 does not fit"):
        make_plan(plan.notebook, {"share": [0.1, 0.2], "n": [1, 0.5]}, plan.out)
    assert not plan.out.exists()


@pytest.mark.parametrize(("seconds", "words"), [(40, "40 s"), (720, "12 min"), (12_000, "3 h 20 min")])
def test_times_in_words(seconds, words):
    assert in_words(seconds) == words


@pytest.mark.parametrize("record", ["{}", '{"parameters": {}}', "[1", '{"seconds": "x", "parameters": {}}'])
def test_a_damaged_neighbour_tells_no_time_and_stops_nothing(plan, record):
    other = plan.out.parent / "other" / "own-1"
    other.mkdir(parents=True)
    (other.parent / "batch.json").write_text('{"notebook": "own.ipynb"}')
    (other / "run.json").write_text(record)
    assert "not known before the first one has finished" in plan.words(2)
