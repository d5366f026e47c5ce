"""The site opened from disk: explorers, search, slides, dark mode, and what axe-core finds."""

import pytest

from carekit.course.pages.course import notebooks

LESSONS = [path.stem for path in notebooks()]
RUN = [name for name in LESSONS if name[:2] in ("01", "04")]
ALIVE = "document.querySelector('.ck-alone')?.carekit?.numbers"
WORDS = "document.querySelector('.ck-words').textContent"


@pytest.mark.parametrize("name", ["index.html", f"notebooks/{RUN[0]}.html", f"slides/notebooks/{RUN[1]}.html"])
def test_the_explorers_are_alive(open_page, name):
    tab = open_page(name)
    tab.wait_for_function(ALIVE)
    assert tab.locator(".ck-explorer").count() == 1


def test_the_first_page_opens_with_ink_and_can_be_cleaned(open_page):
    tab = open_page("index.html")
    tab.wait_for_function(ALIVE)
    inked = tab.evaluate(WORDS)
    assert "with the test\u2019s ink" in inked and "With ink on all" in inked
    tab.get_by_role("button", name="Remove ink").click()
    tab.wait_for_function(f"{WORDS} !== {inked!r}")
    assert "clean" in tab.evaluate(WORDS)


def test_search_finds_a_lesson(open_page):
    tab = open_page("search.html?q=dermatofibroma")
    tab.wait_for_selector("#search-results li a")
    assert tab.locator("#search-results li a").count() >= 1


def test_a_key_leads_to_the_next_slide(open_page):
    tab = open_page(f"slides/notebooks/{RUN[0]}.html")
    tab.wait_for_function("window.Reveal?.isReady()")
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate("Reveal.getIndices().h") == 1


@pytest.mark.parametrize("name", ["index.html", f"notebooks/{RUN[0]}.html", f"notebooks/{LESSONS[-1]}.html"])
def test_no_page_is_wider_than_a_telephone(open_page, name):
    assert open_page(name, 400).evaluate("document.documentElement.scrollWidth") <= 400


def test_an_explorer_is_dark_where_the_page_is(open_page):
    tab = open_page("index.html", scheme="dark")
    tab.wait_for_function(ALIVE)
    colours = "(root) => [getComputedStyle(root).backgroundColor, getComputedStyle(document.body).backgroundColor]"
    explorer, page = tab.locator(".ck-explorer").evaluate(colours)
    assert explorer == page != "rgb(255, 255, 255)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index.html", f"notebooks/{RUN[1]}.html", "docs/recipes.html"])
def test_axe_finds_neither_contrast_nor_headings_nor_pictures_at_fault(open_page, axe, name, scheme):
    tab = open_page(name, scheme=scheme)
    tab.evaluate("() => Promise.all(document.getAnimations().map((each) => each.finished))")  # colours that still fade
    tab.evaluate(axe)
    found = tab.evaluate("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations")
    ours = [each for each in found if each["impact"] in ("serious", "critical") or each["id"] == "heading-order"]
    assert not [f"{each['id']}: {node['html'][:120]}" for each in ours for node in each["nodes"]]


def test_a_wide_figure_keeps_its_labels_legible_on_a_telephone(open_page):
    tab = open_page("notebooks/04_attention_loss.html", width=390)
    figure = tab.get_by_alt_text("Seven panels")
    assert figure.evaluate("(each) => each.clientWidth") > 700
    assert figure.evaluate("(each) => each.parentNode.clientWidth") < 390  # it scrolls in its own place
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    wide = open_page("notebooks/04_attention_loss.html").get_by_alt_text("Seven panels")
    assert wide.evaluate("(each) => each.clientWidth <= each.parentNode.clientWidth")
