"""Run a script that was written for an earlier layout of the package: its module paths are made to lead to today's."""

import importlib
import runpy
import sys

import carekit

TODAY = {
    "vision": "carekit.networks.vision",
    "watch": "carekit.objectives.watch",
    "imbalance": "carekit.strategies",
}

for name, module in TODAY.items():
    sys.modules[f"carekit.{name}"] = importlib.import_module(module)
    setattr(carekit, name, sys.modules[f"carekit.{name}"])
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
