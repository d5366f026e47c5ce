"""The same batch, and the same comparison, on a real scheduler and two workers on loopback."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import joblib
import psutil
import pytest

from carekit import Care, compare
from carekit.__main__ import main
from carekit.experiment import Arm, scores
from carekit.experiment.profiles import profile
from carekit.ground.environment import ROOT
from carekit.research.batch import cluster
from carekit.research.batch.collect import collect
from carekit.research.batch.point import GridPoint, Limits

distributed = pytest.importorskip("distributed", reason="dask.distributed comes with the cluster extra")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are ended as POSIX does it")
OURS = os.environ | {"PYTHONPATH": str(ROOT)}  # of processes that start in another folder
PATIENCE = 240.0  # seconds: machines may be slow
CELLS = [
    "n = 0\nwait = 0.0\nresults = ''",
    "import json, time\nfrom pathlib import Path\nprint('at work', flush=True)\ntime.sleep(wait)",
    "Path(results).write_text(json.dumps({'square': n * n}))",
]


def until(holds):
    """Wait for it."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def running(folder, workers):
    """(address, processes): a scheduler, then its workers with one thread each."""
    file = folder / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    joined = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-nanny", "--nthreads", "1"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, "env": OURS}
    commands = [[*command, "--no-dashboard"], *[[*joined, "--no-dashboard"]] * workers]
    processes = [subprocess.Popen([*each, "--scheduler-file", str(file)], **quiet) for each in commands]
    try:
        until(lambda: file.exists() and file.read_text().rstrip().endswith("}"))
        yield json.loads(file.read_text())["address"], processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory):
    with running(tmp_path_factory.mktemp("cluster"), 2) as (address, processes):
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=PATIENCE)
        yield address, processes


def start(notebook, out, address, *grid):
    command = [sys.executable, "-m", "carekit", "batch", str(notebook), *grid, "--out", str(out)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell lets what it puts behind ignore SIGINT
    return subprocess.Popen([*command, "--scheduler", address], env=OURS, preexec_fn=heard, **pipes)


def wait_for_parts(out, count):
    until(lambda: sum("at work" in log.read_text() for log in out.glob(".*.part/log.txt")) >= count)


def test_compare_takes_a_cluster_by_joblibs_backend_and_gives_the_same(two_workers, tiny, tmp_path, monkeypatch):
    arms = {"CARE": Arm(Care())}
    quick = replace(profile("fast"), size=16)
    tables = []
    with distributed.Client(two_workers[0], set_as_default=False) as client:
        before = sum(client.run(lambda: os.times().user).values())
        for backend in ({"backend": "dask", "client": client}, {"backend": "sequential"}):
            monkeypatch.setenv("CAREKIT_RUNS", str(tmp_path / backend["backend"]))
            with joblib.parallel_config(**backend):
                tables.append(scores(compare(tiny, quick, arms, [0, 1], progress=False)))
            if backend["backend"] == "dask":
                assert sum(client.run(lambda: os.times().user).values()) > before + 1  # there it was computed
    assert len(tables[0]) == 4 and tables[0].equals(tables[1])


def test_a_scheduler_that_goes_away_is_one_sentence_and_the_rest_is_run_without_it(write, tmp_path):
    out, notebook = tmp_path / "out", write(*CELLS)
    with running(tmp_path, 1) as (address, processes):
        batch = start(notebook, out, address, "--grid", "n=0..1", "--grid", "wait=20")
        wait_for_parts(out, 1)
        family = psutil.Process(processes[1].pid).children(recursive=True)
        processes[0].kill()
        printed, errors = batch.communicate(timeout=PATIENCE)
        assert batch.returncode == 2 and f"the scheduler at {address} is gone: start it" in errors, errors
        assert "Traceback" not in errors
    assert not psutil.wait_procs(family, timeout=10)[1]  # what the worker had started went with it
    assert main(["batch", str(notebook), "--grid", "n=0..1", "--grid", "wait=0", "--out", str(out)]) == 0


def test_a_scheduler_that_is_not_there_is_one_sentence(write, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    arguments = ["batch", str(write(*CELLS)), "--grid", "n=0", "--out", str(tmp_path / "out"), "--scheduler"]
    for address in ("tcp://127.0.0.1:1", "nonsense", "foo://a:1"):
        assert main([*arguments, address]) == 2
        errors = capsys.readouterr().err
        assert f"there is no scheduler at {address} (" in errors and "dask scheduler" in errors
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main([*arguments, "x:1"]) == 2
    assert "pip install 'carekit[cluster]'" in capsys.readouterr().err


def test_ctrl_c_ends_what_the_workers_do(two_workers, write, tmp_path):
    out = tmp_path / "out"
    batch = start(write(*CELLS), out, two_workers[0], "--grid", "n=0..3", "--grid", "wait=60")
    wait_for_parts(out, 2)
    batch.send_signal(signal.SIGINT)
    _, errors = batch.communicate(timeout=PATIENCE)
    assert batch.returncode == 130 and "Traceback" not in errors, errors
    until(lambda: not list(out.glob(".*.part")))
    assert sorted(each.name for each in out.iterdir()) == [".lock", "batch.json"]


def test_a_worker_killed_in_mid_run_costs_nothing_but_time(two_workers, write, tmp_path):
    address, processes = two_workers
    out = tmp_path / "out"
    batch = start(write(*CELLS), out, address, "--grid", "n=0..3", "--grid", "wait=3")
    wait_for_parts(out, 2)
    processes[-1].kill()
    printed, errors = batch.communicate(timeout=PATIENCE)
    assert batch.returncode == 0 and "4 runs finished, 0 failed" in printed, errors
    table, remarks = collect(out)
    assert table.square.tolist() == [0, 1, 4, 9] and not remarks


def test_a_worker_that_cannot_do_it_says_why(write, tmp_path):
    notebook = write(*CELLS)
    identity = {"code": "another"}
    task = GridPoint("own-1", str(notebook), "python3", {}, identity, "results", str(tmp_path), str(tmp_path))
    assert "batch.json: it must lie on a disk that all machines share" in cluster._complaint(task)
    (tmp_path / "batch.json").write_text("{}")
    assert "other versions of carekit or its libraries" in cluster._complaint(task)
    assert "other versions" in cluster._run(task, Limits()).reason
    assert cluster._complaint(replace(task, identity={"code": ""})) == ""
