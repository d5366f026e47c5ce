"""How the modules of static/ come into a page."""

import re
from glob import glob
from pathlib import Path

import pytest
import tomllib

from carekit.course.explorers import browser


@pytest.fixture
def files(tmp_path, monkeypatch):
    """files(name=text, ...): a folder of modules in place of static/."""
    monkeypatch.setattr(browser, "STATIC", tmp_path)

    def write(**texts):
        for name, text in texts.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / f"{name}.js").write_text(text, encoding="utf-8")
        browser.script.cache_clear()
        return browser.module()

    yield write
    browser.script.cache_clear()


def test_all_of_static_is_installed():
    data = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = data["tool"]["setuptools"]["package-data"]["carekit.course.explorers"]
    found = {Path(name) for each in patterns for name in glob(str(browser.STATIC.parent / each), recursive=True)}
    assert {file for file in browser.STATIC.rglob("*") if file.is_file()} <= found


def test_imports_are_followed_and_names_stay_in_their_files(files, browser_page):
    module = files(
        main='import { double as twice } from "./one.js";\nimport {\n  LIMIT,\n} from "./two.js";\n'
        "const own = 3;\nexport function render() {\n  return [twice(own), LIMIT];\n}\n",
        one='import { LIMIT } from "./two.js";\nconst own = 2;\nexport function double(x) {\n'
        "  return Math.min(own * x, LIMIT);\n}\n",
        two="export const LIMIT = 5;\nexport class Unused {}\n",
    )
    code = "async (code) => (await import('data:text/javascript,' + encodeURIComponent(code))).default.render()"
    assert browser_page.evaluate(code, module) == [5, 5]


@pytest.fixture
def browser_page(request):
    running = request.getfixturevalue("browser").new_page()
    yield running
    running.close()


def test_a_folder_with_a_view_is_an_explorer(files, browser_page):
    """One entry in one place: a new explorer needs no line elsewhere."""
    module = files(
        **{
            "main": 'import { VIEWS } from "./views.js";\nexport function render() {\n  return VIEWS.dice();\n}\n',
            "shared": "export const SIDES = 6;\n",
            "dice/view": 'import { half } from "./numbers.js";\nexport function view() {\n  return half;\n}\n',
            "dice/numbers": 'import { SIDES } from "../shared.js";\nexport const half = SIDES / 2;\n',
        }
    )
    code = "async (code) => (await import('data:text/javascript,' + encodeURIComponent(code))).default.render()"
    assert browser_page.evaluate(code, module) == 3


def test_all_files_are_in_the_page_and_nothing_is_left_to_load():
    module = browser.module()
    files = sorted(browser.STATIC.rglob("*.js"))
    assert any(file.parent != browser.STATIC for file in files)
    for file in files:
        assert f"const {browser.variable_of(file.relative_to(browser.STATIC).with_suffix('').as_posix())} = " in module
    assert re.findall(r"^\s*(?:import|export)\b.*", module, re.M) == ["export default { render };"]
