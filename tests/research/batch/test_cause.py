"""Exit statuses in words."""

import os
import signal
import subprocess
import sys

import pytest

from carekit.research.batch.execute import cause


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import os; os._exit(3)", "it ended by itself with status 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "it crashed (SIGSEGV)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "it was killed (SIGKILL), as the system does"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_what_a_real_process_leaves(program, words):
    assert cause(subprocess.run([sys.executable, "-c", program]).returncode).startswith(words)


def test_what_is_no_exit_status():
    assert cause(None) == "it answers no more"
    assert cause(-int(signal.SIGTERM)) == "it crashed (SIGTERM)"
