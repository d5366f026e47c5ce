"""Batches of a small notebook: what finishes, what fails and why, and what a second call does."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial

import nbformat
import pandas as pd
import psutil
import pytest

from carekit.__main__ import main
from carekit.ground.environment import ROOT
from carekit.research.batch.collect import collect

OURS = os.environ | {"PYTHONPATH": str(ROOT)}  # of processes that start in another folder
BEHAVIOUR = """
import json, os, signal, subprocess, sys, time
from functools import partial
from pathlib import Path
if not Path("mended").exists():
    if how == "raises":
        raise ValueError("no such disease")
    if how == "killed":
        print("before the end", flush=True); time.sleep(0.3); os.kill(os.getpid(), signal.SIGKILL)
    if how == "worker":
        os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)
    if how == "slow":
        child = subprocess.Popen(["sleep", "300"]); Path("child").write_text(str(child.pid)); time.sleep(300)
    if how == "big":
        much = bytearray(900_000_000); much[::4096] = b"x" * len(much[::4096]); time.sleep(60)
"""
LAST = """Path(results).write_text(json.dumps({"length": len(how), "seen": os.environ["LOKY_MAX_CPU_COUNT"]}))"""
REASONS = {
    "raises": r"In \[3\] \(import json, os, signal, subprocess, sys, time\): ValueError: no such disease",
    "killed": r"the kernel died in In \[3\] .*: it was killed \(SIGKILL\), as the system does for want of memory",
    "worker": r"the process that ran it is gone: it was killed \(SIGKILL\)",
    "slow": r"it took longer than the 20 s of --timeout",
    "big": r"it took [\d.]+ GB, more than the 0.8 GB of --memory",
}
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """A batch whose runs fail in all ways, and what it printed; then the same once the notebook is mended."""
    folder = tmp_path_factory.mktemp("batch")
    node = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "x"}})
    cells = ['how = ""\nresults = ""', BEHAVIOUR.strip(), LAST]
    node.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    node.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(node, folder / "own.ipynb")
    command = [sys.executable, "-m", "carekit", "batch", "own.ipynb", "--grid", f"how=well,{','.join(REASONS)}"]
    command += ["--jobs", "2", "--timeout", "20", "--memory", "0.8", "--out", "out"]
    call = {"cwd": folder, "env": OURS, "capture_output": True, "text": True}
    first = subprocess.run(command, **call)
    failed = {path.name: json.loads((path / "run.json").read_text()) for path in (folder / "out/failed").iterdir()}
    killed = next(name for name, record in failed.items() if record["parameters"]["how"] == "killed")
    log = (folder / "out" / "failed" / killed / "log.txt").read_text()
    finished = [path.name for path in (folder / "out").glob("own-*")]
    (folder / "mended").write_text("")
    second = subprocess.run(command, **call)
    third = subprocess.run(command, **call)
    return {"folder": folder, "calls": (first, second, third), "failed": failed, "log": log, "finished": finished}


def test_one_failing_run_does_not_stop_the_others(batch):
    first = batch["calls"][0]
    assert first.returncode == 1 and "1 runs finished, 5 failed." in first.stdout, first
    assert len(batch["finished"]) == 1


@pytest.mark.parametrize("how", REASONS)
def test_each_failure_is_told_with_its_cause(batch, how):
    (record,) = [each for each in batch["failed"].values() if each["parameters"]["how"] == how]
    assert re.search(REASONS[how], record["reason"])
    assert f"failed: how={how}: {record['reason']}" in batch["calls"][0].stderr


def test_what_a_run_printed_before_it_died_is_kept(batch):
    assert "before the end" in batch["log"]


def test_no_process_of_a_run_that_was_ended_goes_on(batch):
    assert not psutil.pid_exists(int((batch["folder"] / "child").read_text()))


def test_a_second_call_runs_only_what_is_not_finished_and_a_third_nothing(batch):
    _, second, third = batch["calls"]
    assert second.returncode == 0 and "6 runs, 1 finished, 5 to do" in second.stdout, second
    assert "5 runs finished, 0 failed." in second.stdout and "a run took" in second.stdout
    assert third.returncode == 0 and third.stdout.count("\n") == 1 and "6 finished, 0 to do" in third.stdout


def test_each_run_is_there_once_with_all_that_belongs_to_it(batch):
    out = batch["folder"] / "out"
    table, remarks = collect(out)
    assert not remarks and sorted(table.how) == sorted([*REASONS, "well"])
    assert (table.length == table.how.str.len()).all()
    assert not list(out.glob(".*.part")) and not list((out / "failed").iterdir())
    for folder in out.glob("own-*"):
        record = json.loads((folder / "run.json").read_text())
        assert sorted(each.name for each in folder.iterdir()) == sorted(
            [f"{folder.name}.ipynb", "log.txt", "results.json", "run.json"]
        )
        assert record["seconds"] > 0 and record["versions"]["papermill"]
        executed = nbformat.read(folder / f"{folder.name}.ipynb", as_version=4)
        assert f"results = {str(folder / 'results.json')!r}".replace("'", '"') in executed.cells[1].source


def test_kernels_share_the_cores(batch):
    table, _ = collect(batch["folder"] / "out")
    assert set(table.seen.astype(int)) == {max(1, len(os.sched_getaffinity(0)) // 2)}


SLEEPER = ["wait = 60.0\nn = 0", "import time\nprint('at work', flush=True)\ntime.sleep(wait)"]


def test_ctrl_c_stops_it_cleanly_and_two_batches_do_not_share_a_folder(write, tmp_path, capsys):
    out, notebook = tmp_path / "out", write(*SLEEPER)
    command = [sys.executable, "-m", "carekit", "batch", notebook, "--grid", "n=0..3", "--out", out, "--jobs", "2"]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell lets what it puts behind ignore SIGINT
    process = subprocess.Popen(command, env=OURS, preexec_fn=heard, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 240
    while sum("at work" in log.read_text() for log in out.glob(".*.part/log.txt")) < 2:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.1)
    assert main(["batch", str(notebook), "--grid", "n=0..3", "--out", str(out)]) == 2
    assert "another batch is running in" in capsys.readouterr().err
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) == 4  # two workers, two kernels
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 130 and b"the same command goes on from there" in errors
    assert b"Traceback" not in errors
    assert not psutil.wait_procs(family, timeout=10)[1]
    assert sorted(each.name for each in out.iterdir()) == [".lock", "batch.json"]
    assert main(["batch", str(notebook), "--grid", "n=0", "--grid", "wait=0", "--out", str(out)]) == 0


def test_a_full_disk_stops_it_with_one_sentence(write, tmp_path, capsys):
    cells = ["n = 0", "raise OSError(28, 'No space left on device')"]
    assert main(["batch", str(write(*cells)), "--grid", "n=0..9", "--jobs", "1", "--out", str(tmp_path / "out")]) == 2
    errors = capsys.readouterr().err
    assert "is full: make room, and the same command goes on from there" in errors
    assert len(list((tmp_path / "out" / "failed").iterdir())) <= 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "a grid of nothing"),
        (["--grid", "m=1"], "own.ipynb has no parameter 'm'"),
        (["--grid", "n=1..5000"], "5,000 runs are many: add --yes"),
        (["--grid", "n=1", "--jobs", "0"], "--jobs 0 is too small"),
        (["--grid", "n=1", "--jobs", "2", "--scheduler", "x:1"], "--jobs is for this machine"),
        (["--grid", "n=1", "--timeout", "0"], "--timeout 0.0 is too small"),
        (["--grid", "n=1", "--memory", "-1"], "--memory -1.0 is too small"),
        (["--grid", "n=1", "--grid", "n=2"], "has 'n' twice"),
    ],
)
def test_bad_settings_are_one_sentence_and_make_nothing(write, tmp_path, capsys, arguments, words):
    out = tmp_path / "out"
    assert main(["batch", str(write("n = 0")), "--out", str(out), *arguments]) == 2
    errors = capsys.readouterr().err
    assert words in errors and errors.count("\n") == 1 and not out.exists()


def test_a_dry_run_shows_the_plan_and_makes_nothing(write, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["batch", str(write("n = 0")), "--grid", "n=1..30", "--out", str(out), "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "30 runs, 0 finished, 30 to do" in printed and "  n=20\n  ... and 10 more" in printed
    assert not out.exists()


def test_the_table_of_a_batch_is_a_csv(batch, tmp_path):
    assert main(["collect", str(batch["folder"]), "--out", str(tmp_path / "t.csv")]) == 0
    assert len(pd.read_csv(tmp_path / "t.csv")) == 6


def test_a_run_without_its_results_is_not_finished(write, tmp_path, capsys):
    cells = ["n = 0\nresults = ''", "import sys", "sys.exit(0)"]
    out = tmp_path / "out"
    assert main(["batch", str(write(*cells)), "--grid", "n=0", "--jobs", "1", "--out", str(out)]) == 1
    assert "failed: n=0: it wrote no results: write them to the file" in capsys.readouterr().err and not list(
        out.glob("own-*")
    )
