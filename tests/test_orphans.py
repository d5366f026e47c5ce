import os
import signal
import subprocess
import sys
import time

import pytest

CODE = """
import sys, time
from joblib import Parallel, delayed
from carekit.orphans import end_with_parent

def work(file):
    import os
    end_with_parent()
    open(f"{file}.{os.getpid()}", "w").close()
    time.sleep(120)

if __name__ == "__main__":
    Parallel(2)(delayed(work)(sys.argv[1]) for _ in range(2))
"""


@pytest.mark.skipif(os.name != "posix", reason="processes are killed by a signal")
def test_workers_end_soon_after_the_process_they_work_for_was_killed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(CODE)
    running = subprocess.Popen([sys.executable, script, tmp_path / "worker"])
    until = time.monotonic() + 60
    while len(list(tmp_path.glob("worker.*"))) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    workers = [int(file.suffix[1:]) for file in tmp_path.glob("worker.*")]
    assert len(workers) == 2 and all(map(alive, workers))
    running.send_signal(signal.SIGKILL)
    running.wait()
    until = time.monotonic() + 30
    while any(map(alive, workers)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(alive, workers))


def alive(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False
