"""What a batch costs beside the notebooks' own compute: its time on all cores over the seconds that cells took."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from _timing import options

ROOT = Path(__file__).parents[1]
TARGET, JOBS = 0.15, 2


def main() -> None:
    chosen = options(__doc__)
    lesson, runs = ("04_attention_loss", 2) if chosen.quick else ("06_ablations", 50)
    with tempfile.TemporaryDirectory() as name:
        out = Path(name, "out")
        command = [sys.executable, "-m", "carekit", "batch", f"{ROOT / 'notebooks' / lesson}.ipynb"]
        command += ["--grid", "profile=fast", "--grid", f"seed=0..{runs - 1}", "--jobs", str(JOBS), "--out", str(out)]
        started = time.perf_counter()
        subprocess.run(command, check=True, env=os.environ | {"CAREKIT_RUNS": str(Path(name, "models"))})
        seconds = time.perf_counter() - started
        cells = [cell for file in out.glob("*/*.ipynb") for cell in nbformat.read(file, as_version=4).cells]
    own = sum(cell.metadata.papermill.duration for cell in cells if cell.cell_type == "code")
    share = seconds * JOBS / own - 1
    took = f"their cells took {own:.0f} s, {own / runs:.1f} each"
    print(f"{runs} runs of {lesson}, {JOBS} at a time: {seconds:.0f} s; {took}")
    verdict = "within" if share <= TARGET else "above"
    print(f"-> the batch adds {share:.3f} of the notebooks' own compute, {verdict} {TARGET:.2f}")


if __name__ == "__main__":
    main()
