"""The package's own names: loaded when used, and known to editors."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import carekit


def test_type_checkers_see_the_same_names_from_the_same_modules():
    body = ast.parse(Path(carekit.__file__).read_text()).body
    (seen,) = (node.body for node in body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    homes = {alias.asname: node.module for node in seen for alias in node.names}
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


def test_importing_it_registers_nothing_at_the_end_of_a_process():
    """The garbage of a process of someone else is theirs; the kit's own processes skip the last search for it."""
    code = """
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count() > 0))  # registered first, so it runs last
import carekit
"""
    for more, frozen in (
        ("carekit.Care", "False"),
        ("from carekit.ground.orphans import end_quickly; end_quickly()", "True"),
    ):
        done = subprocess.run([sys.executable, "-c", code + more], capture_output=True, text=True)
        assert done.stdout.strip() == frozen, done.stderr
