"""One notebook in a kernel of its own: what is on the disk while it runs, and how it ends."""

import time

import nbformat
import pytest
from papermill import engines

from carekit.research.batch import execute as module
from carekit.research.batch.execute import NotebookStopped, execute

CELLS = ("seed = 0", *(f"print({i})" for i in range(8)))


@pytest.mark.parametrize(("every", "times"), [(60.0, range(1, 6)), (0.0, range(2 * len(CELLS), 100))])
def test_a_notebook_that_runs_is_saved_as_often_as_is_asked_and_whole_at_its_end(
    write, tmp_path, monkeypatch, every, times
):
    written = []
    wrap = engines.write_ipynb
    monkeypatch.setattr(engines, "write_ipynb", lambda *each: (written.append(1), wrap(*each)))
    monkeypatch.setattr(module, "SAVE_EVERY", every)
    execute(write(*CELLS), tmp_path / "out.ipynb", {})
    assert len(written) in times
    last = nbformat.read(tmp_path / "out.ipynb", 4)
    assert last.cells[-1].outputs[0].text == "7\n" and last.metadata.papermill.end_time


def test_what_was_reached_is_saved_where_a_cell_raises(write, tmp_path):
    with pytest.raises(NotebookStopped, match=r"In \[3\] .*: ValueError: no"):
        execute(write("seed = 0", "print('reached')", "raise ValueError('no')", "1"), tmp_path / "out.ipynb", {})
    cells = nbformat.read(tmp_path / "out.ipynb", 4).cells
    assert any(output.get("text") == "reached\n" for cell in cells for output in cell.get("outputs", ()))


def test_what_a_cell_wants_done_at_the_end_is_done(write, tmp_path):
    """Files that are open are written, and functions of atexit run: also where carekit shortens the end."""
    done = tmp_path / "done"
    lines = ["import atexit, carekit", f"file = open({str(done)!r}, 'w')", "file.write('all of it')"]
    lines += [f"atexit.register(lambda: open({str(done) + '2'!r}, 'w').write('this, too'))"]
    execute(write("seed = 0", "\n".join(lines)), tmp_path / "out.ipynb", {})
    deadline = time.monotonic() + 10
    while not (done.exists() and done.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert done.read_text() == "all of it" and (tmp_path / "done2").read_text() == "this, too"
