"""The package's own names: loaded when used, and known to editors."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import carekit

STUB = Path(carekit.__file__).with_suffix(".pyi")


def test_the_stub_has_the_same_names_from_the_same_modules():
    imports = [node for node in ast.parse(STUB.read_text()).body if isinstance(node, ast.ImportFrom)]
    homes = {alias.asname: node.module for node in imports for alias in node.names}
    assert homes == {name: f"carekit.{home}" for name, home in carekit._HOME.items()}


@pytest.mark.parametrize("name", carekit.__all__)
def test_a_name_is_the_object_of_its_module(name):
    assert getattr(carekit, name) is getattr(importlib.import_module(f"carekit.{carekit._HOME[name]}"), name)


def test_another_name_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'Cares'"):
        carekit.Cares  # noqa: B018
    assert not hasattr(carekit, "attention_loss")


def test_importing_it_loads_nothing_else():
    """The command line starts on a bare Python, before anything is installed."""
    code = (
        "import sys; import carekit, carekit.__main__; print(sorted({'torch', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
