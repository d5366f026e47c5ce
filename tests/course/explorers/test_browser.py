"""How the modules of static/ come into a page."""

import re

import pytest

from carekit.course.explorers import browser


@pytest.fixture
def files(tmp_path, monkeypatch):
    """files(name=text, ...): a folder of modules in place of static/."""
    monkeypatch.setattr(browser, "STATIC", tmp_path)

    def write(**texts):
        for name, text in texts.items():
            (tmp_path / f"{name}.js").write_text(text, encoding="utf-8")
        browser.script.cache_clear()
        return browser.module()

    yield write
    browser.script.cache_clear()


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


def test_all_files_are_in_the_page_and_nothing_is_left_to_load():
    module = browser.module()
    for file in browser.STATIC.glob("*.js"):
        assert f"const {file.stem}_js = " in module
    assert re.findall(r"^\s*(?:import|export)\b.*", module, re.M) == ["export default { render };"]
