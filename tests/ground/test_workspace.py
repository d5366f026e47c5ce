import subprocess
import sys

import pytest

import carekit
from carekit.ground import workspace

MODULE = "carekit.experiment"


@pytest.fixture
def package(tmp_path):
    """A package in which `start` needs `a`, and `a` needs `sub/b` inside a function; `c` is needed by nobody."""
    folder = tmp_path / "pack"
    (folder / "sub").mkdir(parents=True)
    files = {
        "__init__.py": "",
        "start.py": "import os\nfrom pack import a\n",
        "a.py": "def f():\n    from pack.sub.b import g\n    return g\n",
        "c.py": "",
        "sub/__init__.py": "from pack.sub import d\n",
        "sub/b.py": "g = 1\n",
        "sub/d.py": "",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_the_closure_follows_imports_wherever_they_stand(package):
    found = [file.relative_to(package).as_posix() for file in workspace.import_closure("pack.start", package)]
    assert found == ["a.py", "start.py", "sub/__init__.py", "sub/b.py", "sub/d.py"]


def test_the_closure_of_a_run_is_what_python_loads_for_it():
    """Every module of the kit that a fresh process has loaded after `import carekit.experiment` is in it."""
    code = "import sys, carekit.experiment; print([m for m in sys.modules if m.startswith('carekit.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    closure = set(workspace.import_closure("carekit.experiment"))
    loaded = [workspace._file_of(name, workspace._PACKAGE) for name in eval(done.stdout)]
    assert len(loaded) > 20
    assert [file for file in loaded if file not in closure] == []
    assert not any("lessons" in file.parts or "explorers" in file.parts for file in closure)


def test_a_key_changes_with_settings_code_and_additions(monkeypatch):
    key = workspace.key(MODULE, a=1)
    assert key == workspace.key(MODULE, a=1.0) != workspace.key(MODULE, a=2)
    monkeypatch.setattr(workspace, "code_fingerprint", lambda module: "other")
    assert workspace.key(MODULE, a=1) != key
    monkeypatch.undo()
    monkeypatch.setattr(workspace, "fingerprint_of_additions", lambda: "other")
    assert workspace.key(MODULE, a=1) != key


def test_the_code_fingerprint_depends_on_torchs_version(monkeypatch):
    one = workspace.code_fingerprint.__wrapped__(MODULE)
    monkeypatch.setattr(workspace, "_version", lambda name: "0" if name == "torch" else "1")
    two = workspace.code_fingerprint.__wrapped__(MODULE)
    monkeypatch.setattr(workspace, "_version", lambda name: "1")
    assert len({one, two, workspace.code_fingerprint.__wrapped__(MODULE)}) == 3


def test_paths_are_read_below_the_workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("CAREKIT_RUNS", str(tmp_path))
    assert workspace.runs() == tmp_path
    assert workspace.resolve("no/such") == workspace.root() / "no/such"
    assert workspace.root() == workspace.Path(carekit.__file__).parents[1]


def test_a_key_changes_with_the_instructions_that_torch_uses_and_1_is_1_0(monkeypatch):
    import torch

    one = workspace.key(MODULE, lam=1)
    assert one == workspace.key(MODULE, lam=1.0) != workspace.key(MODULE, lam=True)
    with monkeypatch.context() as patch:
        patch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "DEFAULT")
        other = workspace.key(MODULE, lam=1)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    assert len({one, other, workspace.key(MODULE, lam=1)}) == 3
