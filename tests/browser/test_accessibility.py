"""What axe-core finds in the explorers of a page without a kernel."""

import pytest


@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (400, "light"), (400, "dark")])
def test_axe_finds_nothing_serious(static, page, violations, width, scheme):
    tab = page(width, scheme)
    assert violations(tab) == []


def test_no_explorer_is_wider_than_a_narrow_page(static, page):
    tab = page(400)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 400
