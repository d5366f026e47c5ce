"""Imported first by a script that is run: finds the package in this checkout, and an environment that has its needs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from carekit.ground import environment  # noqa: E402

environment.enter(["data"], (sys.argv[0],))
