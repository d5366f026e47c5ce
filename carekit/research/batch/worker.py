"""A process that runs one grid point after the other: `python -m carekit.research.batch.worker`.

It reads grid points as lines of JSON and answers each with an outcome. When its standard input closes, the batch is
gone: it ends, with its kernel.
"""

import json
import os
import queue
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import psutil

from carekit.ground.messages import FULL
from carekit.research.batch import records
from carekit.research.batch.execute import NotebookStopped, execute
from carekit.research.batch.point import GridPoint, Outcome


def main() -> None:
    """Run grid points until standard input closes."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    answers = os.fdopen(os.dup(1), "w")
    _print_into(None)  # no printed text may be taken for an answer
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    while True:
        point, part = json.loads(lines.get())
        outcome = run(GridPoint(**point), Path(part))
        print(json.dumps(asdict(outcome)), file=answers, flush=True)


def _read(lines: "queue.SimpleQueue[str]") -> None:
    for line in sys.stdin:
        lines.put(line)
    for child in psutil.Process().children(recursive=True):  # the batch is gone
        child.kill()
    os._exit(1)


def run(point: GridPoint, part: Path) -> Outcome:
    """Run a grid point in the folder `part`, which takes its final place if the notebook comes to its end."""
    started, clock = time.time(), time.perf_counter()
    results = {point.results: str(part / records.RESULTS)} if point.results else {}
    try:
        part.mkdir()
        with open(part / records.LOG, "a", encoding="utf-8") as log:
            _print_into(log)
            executed, parameters = part / f"{point.name}.ipynb", {**point.parameters, **results}
            execute(Path(point.notebook), executed, parameters, kernel=point.kernel, log=log)
        if point.results:  # a run without results is not finished: a cell may have ended the notebook
            if not (part / records.RESULTS).is_file():
                return Outcome(point.name, "it wrote no results: write them to the file that its parameter names")
            records.read_json(part / records.RESULTS)
        spent = {"started": started, "seconds": round(time.perf_counter() - clock, 2)}
        records.finish(part, Path(point.out), point.name, point.record | spent | {"versions": records.versions()})
    except NotebookStopped as stopped:
        return Outcome(point.name, str(stopped), any(f"[Errno {number}]" in stopped.value for number in FULL))
    except OSError as error:
        return Outcome(point.name, f"{type(error).__name__}: {error}", error.errno in FULL)
    except Exception as error:  # one failing run does not stop the others
        return Outcome(point.name, f"{type(error).__name__}: {error}".splitlines()[0])
    finally:
        _print_into(None)
    return Outcome(point.name)


def _print_into(log: TextIO | None) -> None:
    """Send what this process and its kernel print to a file; None: to nowhere."""
    target = os.open(os.devnull, os.O_WRONLY) if log is None else os.dup(log.fileno())
    for stream in (1, 2):
        os.dup2(target, stream)
    os.close(target)


if __name__ == "__main__":
    main()
