"""What stands twice outside the package says the same in both places."""

import re
import sys
from pathlib import Path

import pytest
import yaml

import carekit
from carekit.__main__ import EXTRAS
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
        assert command in EXTRAS
        assert all(name in CHECKS for name in arguments if command == "lint")


def test_every_python_that_ci_runs_is_promised():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    tested = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    lowest = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text()).group(1)
    assert tested[0] == lowest


@pytest.mark.parametrize("container, indent", [("carekit", 2), ("carekit.data", 4)])
def test_contributing_lists_the_rooms_bottom_up_as_the_contract_has_them(container, indent):
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    contracts = {contract["containers"][0]: contract["layers"] for contract in tools["importlinter"]["contracts"]}
    floors = {room: floor for floor, rooms in enumerate(reversed(contracts[container])) for room in rooms.split(" | ")}
    tree = re.search(
        r"^carekit/.*?^tests/", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.M | re.S
    ).group()
    lines = re.findall(rf"^ {{{indent}}}((?:\w+(?:\.py|/) ?)+)", tree, re.M)
    listed = [name.removesuffix(".py").removesuffix("/") for line in lines for name in line.split()]
    assert sorted(listed) == sorted(floors)
    assert [floors[room] for room in listed] == sorted(floors.values())
