"""The checks of the code: all of them run, one that fails decides, and npm may be missing only on a laptop."""

import pytest

from carekit.__main__ import main
from carekit.ground import lint


@pytest.fixture
def commands(monkeypatch, tmp_path):
    """The commands that would have run; those that contain "mypy" or "ci" fail. The checkout is `tmp_path`."""
    ran = []

    def call(command, **_):
        ran.append(command)
        return int("mypy" in command or "ci" in command)

    monkeypatch.setattr(lint, "ROOT", tmp_path)
    monkeypatch.setattr(lint.subprocess, "call", call)
    monkeypatch.setattr(lint.shutil, "which", lambda name: f"/bin/{name}")
    (tmp_path / "package-lock.json").write_text("{}")
    return ran


def installed(folder):
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / ".package-lock.json").write_text("{}")


def test_one_that_fails_does_not_stop_the_others(commands, capsys, tmp_path):
    installed(tmp_path)
    assert lint.run_checks(["types", "style", "browser"]) == 1
    assert len(commands) == 3 and "Failed: types" in capsys.readouterr().out


def test_all_that_pass_give_zero(commands, capsys):
    assert lint.run_checks(["style", "format", "layers"]) == 0
    assert "All checks pass" in capsys.readouterr().out


def test_packages_of_the_browser_are_installed_once_and_a_failure_of_it_is_a_failure(commands, tmp_path):
    assert lint.run_checks(["browser"]) == 1
    assert commands == [("/bin/npm", "ci", "--no-audit", "--no-fund")]
    installed(tmp_path)
    assert lint.run_checks(["browser"]) == 0
    assert commands[1:] == [("/bin/npm", "run", "--silent", "lint")]


@pytest.mark.parametrize("name, value", [("CI", "true"), ("CAREKIT_REQUIRE_BROWSER", "1")])
def test_without_npm_it_passes_with_a_word_but_fails_where_nothing_may_be_missing(
    commands, monkeypatch, capsys, name, value
):
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("CAREKIT_REQUIRE_BROWSER", raising=False)
    monkeypatch.setattr(lint.shutil, "which", lambda _: None)
    assert lint.run_checks(["browser"]) == 0 and "npm is not installed" in capsys.readouterr().out
    monkeypatch.setenv(name, value)
    assert lint.run_checks(["browser"]) == 1
    assert commands == []


def test_an_unknown_check_is_refused(monkeypatch, capsys):
    monkeypatch.setattr("carekit.ground.environment.enter", lambda extras: None)
    assert main(["lint", "typos"]) == 2
    assert "there is no check 'typos': choose from style, format, layers, types, browser" in capsys.readouterr().err
