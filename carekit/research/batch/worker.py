"""A process that runs one notebook after the other: `python -m carekit.research.batch.worker`.

It reads tasks as lines of JSON and answers each with one. It ends, with its kernel, when nobody is there to read.
"""

import json
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

import psutil

from carekit.ground.messages import FULL
from carekit.ground.orphans import end_quickly
from carekit.research.batch import records
from carekit.research.batch.execute import NotebookStopped, execute


def main() -> None:
    """Answer tasks until there are no more."""
    end_quickly()
    tasks: queue.SimpleQueue[str] = queue.SimpleQueue()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nothing that is printed may be taken for an answer
    threading.Thread(target=_read, args=(tasks,), daemon=True).start()
    while True:
        answer = answer_to(json.loads(tasks.get()))
        print(json.dumps(answer), file=answers, flush=True)


def _read(tasks: "queue.SimpleQueue[str]") -> None:
    for line in sys.stdin:
        tasks.put(line)
    for child in psutil.Process().children(recursive=True):  # whoever asked is gone
        child.kill()
    os._exit(1)


def answer_to(task: dict[str, Any]) -> dict[str, Any]:
    """Run the notebook of a task in `part`; the run takes its place where it came to its end.

    Args:
        task: what `carekit.research.batch.slot` asks.

    Returns:
        `reason`: why it failed, in one line, empty for a finished run; `full`: whether the disk is full.
    """
    part, out = Path(task["part"]), Path(task["out"])
    started, clock = time.time(), time.perf_counter()
    try:
        part.mkdir()
        with open(part / records.LOG, "a", encoding="utf-8") as log:
            _into(log)
            executed = part / f"{task['name']}.ipynb"
            execute(Path(task["notebook"]), executed, task["parameters"], kernel=task["kernel"], log=log)
        if (part / records.RESULTS).exists():
            records.read_json(part / records.RESULTS)
        record = task["record"] | {"started": started, "seconds": round(time.perf_counter() - clock, 2)}
        records.finish(part, out, task["name"], record | {"versions": records.versions()})
    except NotebookStopped as stopped:
        return {"reason": str(stopped), "full": _is_full(stopped.value)}
    except OSError as error:
        return {"reason": f"{type(error).__name__}: {error}", "full": error.errno in FULL}
    except Exception as error:  # one failing run does not stop the others
        return {"reason": f"{type(error).__name__}: {error}".splitlines()[0], "full": False}
    finally:
        _into(None)
    return {"reason": "", "full": False}


def _is_full(words: str) -> bool:
    return any(f"[Errno {number}]" in words for number in FULL)


def _into(log: TextIO | None) -> None:
    """What this process and its kernel print goes to a file from now on."""
    target = os.open(os.devnull, os.O_WRONLY) if log is None else os.dup(log.fileno())
    for stream in (1, 2):
        os.dup2(target, stream)
    os.close(target)


if __name__ == "__main__":
    main()
