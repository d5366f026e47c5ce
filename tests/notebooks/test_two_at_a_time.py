"""Two lessons at a time: one that stops, or Ctrl-C, ends the other one, too, and nothing of either is left."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

import nbformat
import psutil
import pytest

from carekit.__main__ import main
from carekit.course.pages import course
from carekit.ground.environment import ROOT

COURSE = """
import sys
from pathlib import Path
from carekit.course.pages import course
from carekit.__main__ import main

course.notebooks = lambda: sorted(Path(sys.argv[1]).glob("*.ipynb"))
course.of_lesson = lambda name: {}
sys.exit(main(["course", "--profile", "fast", "--out", sys.argv[2], "--jobs", "2"]))
"""
SLEEPS = """import os
import time
from pathlib import Path

Path('../{name}').write_text(os.environ['LOKY_MAX_CPU_COUNT'])
time.sleep(120)"""
WAITS_AND_FAILS = """import time
from pathlib import Path

while not Path('../00_sleeps').exists():
    time.sleep(0.1)
raise ValueError('this one fails')"""


@pytest.fixture
def lessons(tmp_path, monkeypatch):
    """Writes lessons of one cell, name -> code, which are then the course; returns their folder."""

    def write(**cells):
        folder = tmp_path / "lessons"
        folder.mkdir()
        for name, code in cells.items():
            node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code.replace("{name}", name))])
            node.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
            nbformat.write(node, folder / f"{name}.ipynb")
        monkeypatch.setattr(course, "notebooks", lambda: sorted(folder.glob("*.ipynb")))
        monkeypatch.setattr(course, "of_lesson", lambda _: {})
        monkeypatch.setenv("CAREKIT_RUNS", str(tmp_path / "runs"))
        monkeypatch.delenv("LOKY_MAX_CPU_COUNT", raising=False)
        return folder

    return write


def test_a_lesson_that_stops_ends_the_other_one(lessons, tmp_path):
    lessons(**{"00_sleeps": SLEEPS, "01_fails": WAITS_AND_FAILS, "02_never": SLEEPS})
    started, others = time.monotonic(), psutil.Process().children()  # such as another test's browser
    with pytest.raises(course.CourseError, match=r"01_fails.ipynb stopped at In \[2\] .*: ValueError: this one fails"):
        course.run_course({"profile": "fast"}, out=tmp_path / "out", jobs=2)
    assert time.monotonic() - started < 100 and not (tmp_path / "02_never").exists()
    assert set(psutil.Process().children()) <= set(others)
    assert int((tmp_path / "00_sleeps").read_text()) == max(1, course.cores() // 2)
    assert not list((tmp_path / "out").glob(".kernel*"))


def test_ctrl_c_ends_both(lessons, tmp_path):
    folder = lessons(**{"00_first": SLEEPS, "01_second": SLEEPS, "02_never": SLEEPS})
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell lets what it puts behind ignore SIGINT
    process = subprocess.Popen(
        [sys.executable, "-c", COURSE, folder, tmp_path / "out"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        preexec_fn=heard,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 240
    while not ((tmp_path / "00_first").exists() and (tmp_path / "01_second").exists()):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.1)
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) == 2
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)  # who is impatient presses twice
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and b"Interrupted. Finished runs are kept" in errors
    assert b"Traceback" not in errors
    assert not psutil.wait_procs(family, timeout=10)[1] and not (tmp_path / "02_never").exists()


def test_lessons_run_one_by_one_where_memory_is_short(monkeypatch):
    monkeypatch.setattr(course, "cores", lambda: 4)
    memory = psutil.virtual_memory()
    for gigabytes, profile, jobs in ((5, "laptop", 1), (16, "laptop", 2), (16, "paper", 1)):
        monkeypatch.setattr(psutil, "virtual_memory", lambda g=gigabytes: memory._replace(available=g * 2**30))
        assert course._at_a_time(profile) == jobs


def test_jobs_below_zero_are_one_sentence(tmp_path, capsys):
    assert main(["course", "--profile", "fast", "--jobs", "-1", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("carekit: --jobs -1 is too small")
