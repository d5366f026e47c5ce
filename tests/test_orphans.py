import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from carekit.orphans import SHARED, sweep

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


LEAVING = """
import os, signal, sys
from joblib import Parallel, delayed
from joblib.externals.loky.backend import resource_tracker

if __name__ == "__main__":
    Parallel(2)(delayed(abs)(i) for i in range(2))
    print(os.getpid(), flush=True)
    os.killpg(0, signal.SIGKILL)
"""


@pytest.mark.skipif(not SHARED.is_dir(), reason="only Linux keeps semaphores and joblib's folders as files")
def test_what_killed_processes_left_in_shared_memory_is_removed_and_what_is_in_use_is_not(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(LEAVING)
    ended = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True, start_new_session=True)
    number = ended.stdout.strip()
    left = [path for path in SHARED.iterdir() if number in path.name.replace("-", "_").split("_")]
    assert left, "this test has nothing to show: joblib keeps its things elsewhere"
    lock = multiprocessing.get_context("spawn").Lock()
    in_use = SHARED / f"sem.{lock._semlock.name.strip('/')}"
    abandoned = SHARED / "sem.mp-carekit1"
    abandoned.touch()
    for path in (in_use, abandoned):
        os.utime(path, (0, 0))
    sweep()
    assert in_use.exists() and not abandoned.exists()
    assert not [path for path in left if path.exists()]
