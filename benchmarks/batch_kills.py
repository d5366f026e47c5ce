"""A batch whose kernels, workers and parent are killed at random: every run once, and the same table as undisturbed."""

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import pandas as pd
import psutil
from _timing import options

from carekit.research.batch.collect import collect

CELLS = [
    "n = 0\nresults = ''",
    "import json, time\nfrom pathlib import Path\nnumbers = [pow(3, n + i, 1009) for i in range(5)]\ntime.sleep(0.2)",
    "records = [dict(arm=f'a{i}', seed=n, score=x) for i, x in enumerate(numbers)]\n"
    "Path(results).write_text(json.dumps(dict(runs=records)))",
]
KINDS = ("kernel", "worker", "parent")
PATIENCE = 60.0  # seconds without a finished run after which something hangs


def main() -> None:
    chosen = options(__doc__)
    runs, kills = (8, 3) if chosen.quick else (200, 20)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        notebook = write_notebook(folder)
        seen: set[psutil.Process] = set()
        disturbed = run_disturbed(notebook, folder / "disturbed", runs, kills, seen)
        alive = len(psutil.wait_procs(seen, timeout=15)[1])
        started = time.perf_counter()
        status = start(notebook, folder / "undisturbed", runs).wait()
        print(f"undisturbed: {runs} runs in {time.perf_counter() - started:.0f} s, exit status {status}")
        expected = table_of(folder / "undisturbed")
        same = expected.equals(disturbed)
        once = len(expected) == 5 * runs and disturbed.run.nunique() == runs and len(disturbed) == 5 * runs
        left = [each.name for each in (folder / "disturbed").glob(".*.part")]
    print(f"-> every run is there once: {'yes' if once else 'NO'}; folders left over: {len(left)}; processes: {alive}")
    print(f"-> the table is that of an undisturbed batch: {'yes' if same else 'NO'}")
    sys.exit(0 if same and once and not left and not alive else 1)


def write_notebook(folder: Path) -> Path:
    """A notebook that takes a moment."""
    node = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    node.cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    node.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(node, folder / "small.ipynb")
    return folder / "small.ipynb"


def start(notebook: Path, out: Path, runs: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "carekit", "batch", str(notebook), "--grid", f"n=0..{runs - 1}"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen([*command, "--jobs", "2", "--out", str(out)], stdout=quiet, stderr=quiet)


def run_disturbed(notebook: Path, out: Path, runs: int, kills: int, seen: set[psutil.Process]) -> pd.DataFrame:
    """Start the batch again and again until all runs are there; kill something each time so many more are."""
    # In the first half of the runs, so that all victims are killed before the batch is done.
    moments = sorted(random.sample(range(runs // 2), kills))
    victims = [KINDS[i % len(KINDS)] for i in range(kills)]
    random.shuffle(victims)
    process, calls, done, started = start(notebook, out, runs), 1, [], time.perf_counter()
    while True:
        finished = len(list(out.glob("small-*/run.json")))
        if moments and finished >= moments[0]:
            time.sleep(random.uniform(0, 0.5))
            if kill(process, victims[0], seen):
                done.append(victims.pop(0))
                moments.pop(0)
        if process.poll() == 0:
            break
        if process.poll() is not None:
            process, calls = start(notebook, out, runs), calls + 1
        if time.perf_counter() - started > PATIENCE + 20 * runs:
            process.kill()
            sys.exit(f"it hangs: {finished} of {runs} runs after {time.perf_counter() - started:.0f} s")
        time.sleep(0.05)
    counts = ", ".join(f"{done.count(kind)} of a {kind}" for kind in KINDS)
    seconds = time.perf_counter() - started
    print(f"disturbed: {runs} runs in {seconds:.0f} s, {calls} calls, {len(done)} kills ({counts})", flush=True)
    return table_of(out)


def kill(process: "subprocess.Popen[bytes]", kind: str, seen: set[psutil.Process]) -> bool:
    """SIGKILL one process of this kind, where there is one."""
    try:
        batch = psutil.Process(process.pid)
        family = batch.children(recursive=True)
        seen.update(family)
        words = {"kernel": "ipykernel_launcher", "worker": "carekit.research.batch.worker"}
        found = [batch] if kind == "parent" else [each for each in family if words[kind] in each.cmdline()]
        if not found or process.poll() is not None:
            return False
        random.choice(found).kill()
        if kind == "parent":
            process.wait()
        return True
    except psutil.NoSuchProcess:
        return False


def table_of(out: Path) -> pd.DataFrame:
    """The batch's table without what differs from call to call."""
    return collect(out)[0].drop(columns="seconds")


if __name__ == "__main__":
    main()
