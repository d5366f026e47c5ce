import os
import signal
import subprocess
import sys
import time

import pytest

CODE = """
import sys, time
from joblib import Parallel, delayed
from carekit.ground.orphans import end_with_parent

def work(file):
    import os
    end_with_parent()
    open(f"{file}.{os.getpid()}", "w").close()
    time.sleep(600)

if __name__ == "__main__":
    Parallel(2)(delayed(work)(sys.argv[1]) for _ in range(2))
"""


@pytest.mark.skipif(os.name != "posix", reason="processes are killed by a signal")
def test_workers_end_soon_after_the_process_they_work_for_was_killed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(CODE)
    running = subprocess.Popen([sys.executable, script, tmp_path / "worker"])
    until = time.monotonic() + 240  # a busy machine takes long to start them
    while len(list(tmp_path.glob("worker.*"))) < 2 and running.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
    workers = {number: began(number) for number in (int(file.suffix[1:]) for file in tmp_path.glob("worker.*"))}
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert len(workers) == 2 and all(workers.values())
    until = time.monotonic() + 30
    while (left := living(workers)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not left


def living(processes):
    """Those that live; of another process that got the number meanwhile, the beginning is another."""
    return [number for number, beginning in processes.items() if beginning and began(number) == beginning]


def began(process):
    """When a process began, in ticks of the system's clock; None for one that has ended."""
    try:
        with open(f"/proc/{process}/stat") as file:
            state, *rest = file.read().rsplit(") ", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):  # the latter where it ends between opening and reading
        return None
    return None if state == "Z" else rest[18]
