"""Saved pages lead to each other, show no path of the maker's machine, and follow a dark system."""

import nbformat
import pytest

from carekit.course.pages.report import to_html, write_index


@pytest.fixture
def pages(tmp_path):
    """Three pages of a course, the second with a link to each lesson, and the index."""
    rows = []
    for number, name in enumerate(("one", "two", "three"), 1):
        links = " ".join(f"[{other}](0{i}_{other}.ipynb)" for i, other in ((1, "one"), (3, "three"), (4, "four")))
        cells = [nbformat.v4.new_markdown_cell(f"# {number}. Lesson {name}\n\n{links}")]
        added = nbformat.v4.new_code_cell(
            'results = "/home/maker/runs/0.json"\ndata = "synthetic"\nother = "C:\\\\d\\\\x.csv"'
        )
        added.metadata["tags"] = ["injected-parameters"]
        notebook = tmp_path / f"0{number}_{name}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=[*cells, added]), notebook)
        rows.append((to_html(notebook), f"{number}. Lesson {name}", "1 s"))
    write_index(tmp_path, "A course", rows, "what came out", "seed = 0")
    return tmp_path


def test_pages_lead_to_the_index_and_their_neighbours(pages, browser):
    tab = browser.new_page()
    tab.goto((pages / "index.html").as_uri())
    assert tab.locator("li").first.inner_text() == "1. Lesson one 1 s"  # numbered once
    tab.get_by_role("link", name="1. Lesson one").click()
    bar = tab.get_by_role("navigation", name="Lessons", exact=True)
    assert bar.get_by_role("link").all_inner_texts() == ["All lessons", "2. Lesson two →"]
    bar.get_by_role("link", name="2. Lesson two").click()
    assert bar.get_by_role("link").all_inner_texts() == ["All lessons", "← 1. Lesson one", "3. Lesson three →"]
    tab.get_by_role("link", name="three", exact=True).click()
    assert tab.url.endswith("03_three.html")
    assert bar.get_by_role("link").all_inner_texts() == ["All lessons", "← 2. Lesson two"]
    assert tab.locator("a", has_text="four").get_attribute("href") == "04_four.ipynb"  # there is no such page
    bar.get_by_role("link", name="All lessons").click()
    assert tab.url.endswith("index.html")
    tab.close()


def test_no_path_of_the_makers_machine_is_shown(pages):
    text = (pages / "01_one.html").read_text(encoding="utf-8")
    assert "home/maker" not in text and "0.json" in text and "x.csv" in text and "synthetic" in text


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_a_page_follows_the_systems_scheme(pages, browser, scheme, dark):
    tab = browser.new_page(color_scheme=scheme)
    tab.goto((pages / "02_two.html").as_uri())
    colour = "(e) => getComputedStyle(e).%s.match(/[0-9.]+/g).slice(0, 3).reduce((a, b) => a + +b, 0) / 765"
    ground = tab.locator("body").evaluate(colour % "backgroundColor")
    text = tab.locator("h1").evaluate(colour % "color")
    assert (ground < 0.2 and text > 0.7) if dark else (ground > 0.9 and text < 0.3)
    tab.close()
