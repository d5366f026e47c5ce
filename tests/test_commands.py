"""The command line on a bare Python: help, the version and wrong names need nothing installed."""

import os
import subprocess
import sys

import pytest

import carekit
from carekit.__main__ import COMMANDS, PROFILES
from carekit.experiment import profiles
from carekit.ground.environment import ROOT

BARE = "import sys; sys.modules.update(torch=None, numpy=None); from carekit.__main__ import start; sys.exit(start())"


def bare(*arguments):
    """The command line without torch, NumPy or any other package; where it would install one, it fails."""
    code = f"import carekit.ground.environment as e; e.enter = lambda extras: 1 / 0; {BARE}"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-S", "-c", code, *arguments], capture_output=True, text=True, env=environment
    )


@pytest.mark.parametrize("name", ["", *sorted(COMMANDS.keys() - {"prepare"})])
def test_help_needs_nothing(name):
    done = bare(*filter(None, [name]), "--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: "), done.stderr


def test_the_version():
    assert bare("--version").stdout == f"carekit {carekit.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cuorse"], "invalid choice: 'cuorse'"),
        (["course", "--profile", "huge"], "profile = 'huge' is out of range: choose one of fast, laptop, paper"),
        (["study", "all", "--profile", "huge"], "profile = 'huge' is out of range"),
        (["boxes", "x", "--method", "dsrr"], "method = 'dsrr' is unknown: did you mean 'dsr'?"),
        (["bench", "cma"], "there is no benchmark 'cma': choose from"),
        (["lint", "typos"], "there is no check 'typos': choose from style"),
    ],
)
def test_a_wrong_name_is_reported_before_anything_is_imported(arguments, words):
    done = bare(*arguments)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr


def test_the_profiles_of_the_command_line_are_those_of_the_kit():
    assert list(PROFILES) == list(profiles.PROFILES)
