"""Call a learner's function, whatever happens in it, and report the outcome."""

import ctypes
import io
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np

SECONDS = 5.0


class Unusable(Exception):
    """What a function returned cannot be judged; the message says why, as a sentence to the learner."""


class _OutOfTime(BaseException):
    """No Exception, so that `except Exception` in a loop does not catch it."""


@dataclass
class Call:
    """The outcome of a call: a value or an error, neither after a timeout; and the printed text."""

    value: Any = None
    error: BaseException | None = None
    late: bool = False
    printed: str = ""


def call(function: Callable, arguments: tuple, seconds: float = SECONDS) -> Call:
    """Call `function(*arguments)` in a thread of its own, which is ended when the time is up.

    What it prints is kept, and its warnings are left out: a division by zero shows in the value.
    """
    outcome, printed = Call(), io.StringIO()

    def work() -> None:
        try:
            with np.errstate(all="ignore"):
                outcome.value = function(*arguments)
        except BaseException as error:  # whatever the learner's lines raise, exit() as well
            outcome.error = error

    thread = threading.Thread(target=work, daemon=True)
    with warnings.catch_warnings(), redirect_stdout(printed):
        warnings.simplefilter("ignore")
        thread.start()
        thread.join(seconds)
        outcome.late = thread.is_alive()
        if outcome.late:
            _end(thread)
    outcome.printed = printed.getvalue()
    return outcome


def _end(thread: threading.Thread) -> None:
    """Raise in a thread at its next line. One that waits in a library, or catches everything, is left behind."""
    for _ in range(3):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_OutOfTime))
        thread.join(0.2)
        if not thread.is_alive():
            return


def pass_on(printed: str) -> None:
    """Show what a function printed: learners look for their mistakes so."""
    if printed:
        sys.stdout.write(printed)
