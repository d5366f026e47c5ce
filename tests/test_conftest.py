"""A test that is skipped for want of a browser fails where nothing may be missing."""

import pytest

pytest_plugins = ["pytester"]
ABOUT_BROWSERS = """
import pytest
@pytest.fixture
def browser():
    pytest.skip("chromium is not installed: apt-get install chromium")
def test_page(browser): pass
def test_else(): pytest.skip("POSIX only")
def test_pass(): pass
"""


@pytest.mark.parametrize("required, outcome", [("0", {"skipped": 2}), ("1", {"skipped": 1, "errors": 1})])
def test_skips(pytester, monkeypatch, request, required, outcome):
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("CAREKIT_REQUIRE_BROWSER", required)
    pytester.makeconftest((request.config.rootpath / "tests" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(ABOUT_BROWSERS)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, **outcome)
    assert ("CAREKIT_REQUIRE_BROWSER=1" in result.stdout.str()) == (required == "1")
