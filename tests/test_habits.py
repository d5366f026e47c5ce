"""Facts that are written in two places agree; the rooms of the package keep their order."""

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import yaml

import carekit
from carekit.__main__ import COMMANDS
from carekit.ground.lint import CHECKS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]


def test_the_version_and_the_paper_are_those_of_pyproject():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert f'version = "{carekit.__version__}"' in project and citation["version"] == carekit.__version__
    assert f'doi.org/{citation["preferred-citation"]["doi"]}"' in project
    assert f"## {carekit.__version__} - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_hooks_before_a_commit_run_commands_that_exist():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    for hook in hooks:
        _, _, _, command, *arguments = hook["entry"].split()[:5]
        assert command in COMMANDS
        assert all(name in CHECKS for name in arguments if command == "lint")


def test_every_python_that_ci_runs_is_promised():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    tested = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    lowest = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text()).group(1)
    assert tested[0] == lowest


TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
CONTRACTS = TOOLS["importlinter"]["contracts"]
LAYERS = {contract["containers"][0]: contract["layers"] for contract in CONTRACTS if contract["type"] == "layers"}
HELPER = "ground paper method networks data objectives strategies training experiment".split()
ON_TOP = ["material", "research", "course"]


def floors_of(container):
    """Room -> its floor in the contract, from 0."""
    floors = [re.split(r" [|:] ", rooms) for rooms in reversed(LAYERS[container])]
    return {room: number for number, rooms in enumerate(floors) for room in rooms}


@pytest.mark.parametrize("container", LAYERS)
def test_contributing_lists_the_rooms_bottom_up_as_the_contract_has_them(container):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    tree = re.search(r"^carekit/\n(.*?)^tests/", text, re.M | re.S).group(1)
    *_, room = container.split(".")
    if container != "carekit":
        tree = re.search(rf"^  {room}/.*\n((?:    .*\n)+)", tree, re.M).group(1)
    indent = 2 * container.count(".") + 2
    listed = [
        name.removesuffix(".py").rstrip("/") for name in re.findall(rf"^ {{{indent}}}(\w+(?:\.py|/))", tree, re.M)
    ]
    floors = floors_of(container)
    assert sorted(listed) == sorted(floors)
    assert [floors[name] for name in listed] == sorted(floors.values())


def test_the_package_has_at_most_a_dozen_folders_and_each_has_its_place_in_the_contract():
    folders = [path.name for path in (ROOT / "carekit").iterdir() if (path / "__init__.py").exists()]
    assert len(folders) <= 12 and sorted(folders) == sorted(HELPER + ON_TOP)
    assert max(floors_of("carekit")[room] for room in HELPER) < min(floors_of("carekit")[room] for room in ON_TOP)


def test_the_contract_forbids_the_helper_to_import_what_stands_on_it():
    (contract,) = [contract for contract in CONTRACTS if contract["type"] == "forbidden"]
    assert sorted(contract["source_modules"]) == sorted(f"carekit.{room}" for room in HELPER)
    assert sorted(contract["forbidden_modules"]) == sorted(f"carekit.{room}" for room in ON_TOP)


IMPORTED = """
import pkgutil, sys
from importlib import import_module
for room in sys.argv[1:]:
    package = import_module(f"carekit.{room}")
    for module in pkgutil.walk_packages(package.__path__, f"carekit.{room}."):
        import_module(module.name)
print(*sorted(sys.modules))
"""


def imported_by(*rooms):
    """The names of all modules that a process has after the import of these rooms, each module of them."""
    command = [sys.executable, "-c", IMPORTED, *rooms]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_ground_imports_no_torch():
    modules = imported_by("ground", "paper")
    assert "carekit.ground.folders" in modules and not modules & {"torch", "numpy", "pandas", "PIL"}


def test_the_helper_runs_without_jupyter_and_without_what_stands_on_it():
    modules = imported_by(*HELPER)
    assert "carekit.experiment.comparing" in modules
    jupyter = {"IPython", "ipywidgets", "ipykernel", "nbformat", "papermill", "anywidget", "jupyter_client"}
    assert not modules & jupyter
    assert not [name for name in modules if re.match(rf"carekit\.({'|'.join(ON_TOP)})\b", name)]


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_modules_and_files_that_documents_name_exist(page):
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"\bcarekit(?:\.\w+)+", text):
        assert exists(name), name
    for path in re.findall(r"(?<![\w/.:-])(?:carekit|tests|docs|benchmarks|examples|notebooks)/[\w./]*\w", text):
        assert (ROOT / path).exists() or path.startswith("docs/api"), path


def exists(name):
    """Whether a dotted name is a module of the kit, or something in one."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            found = getattr(found, part, None)
        return found is not None
    return False
