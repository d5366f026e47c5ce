"""The site as files: what each page has and has not."""

import html
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from carekit.course.pages.course import notebooks
from carekit.ground.environment import ROOT

LESSONS = [path.stem for path in notebooks()]
RUN = [name for name in LESSONS if name[:2] in ("01", "04")]


def text_of(page):
    return page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(site):
    return {str(page.relative_to(site)): text_of(page) for page in site.rglob("*.html")}


def test_it_has_a_page_for_each_lesson_and_document_and_slides_for_what_was_run(site, pages):
    documents = {f"docs/{path.stem}.html" for path in (ROOT / "docs").glob("*.md")}
    lessons = {f"notebooks/{name}.html" for name in LESSONS}
    assert lessons | documents | {"index.html", "results.html", "search.html"} <= set(pages)
    decks = {name for name in pages if name.startswith("slides/") and "_static" not in name}
    assert decks == {f"slides/notebooks/{name}.html" for name in RUN}


def test_nothing_is_left_beside_it(site):
    assert list(site.parent.iterdir()) == [site] and not list(site.rglob(".*"))


def test_no_page_loads_anything_from_elsewhere(pages):
    for name, text in pages.items():
        loaded = re.findall(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"(https?:|//)[^>]*>", text)
        assert not loaded, name


def test_no_page_shows_a_folder_of_the_machine_that_made_it(site, executed):
    for file in site.rglob("*"):
        if file.suffix in (".html", ".js"):
            text = text_of(file)
            assert not [path for path in (ROOT, Path.home(), executed, site) if f"{path}/" in text], file


def test_each_picture_of_a_lesson_has_its_text(pages):
    for name in RUN:
        pictures = re.findall(r"<img [^>]*>", pages[f"notebooks/{name}.html"])
        assert [picture for picture in pictures if 'alt="A [dot] of $5 and *no* more_than_that"' in picture]
        assert all(re.search(r'alt="[^"]{5,}"', picture) for picture in pictures)


def test_previous_and_next_lead_through_the_lessons(pages):
    for here, there in zip(LESSONS, LESSONS[1:], strict=False):
        assert re.search(rf'class="right-next"\s+href="{there}\.html"', pages[f"notebooks/{here}.html"])
        assert re.search(rf'class="left-prev"\s+href="{here}\.html"', pages[f"notebooks/{there}.html"])


def test_a_lesson_that_was_not_run_says_so(pages):
    for name in LESSONS:
        assert ("This lesson was not run" in pages[f"notebooks/{name}.html"]) == (name not in RUN)


def test_no_link_leads_nowhere(site, pages):
    """To a file that is not there, or to a place in a page that has no such id."""
    ids = {(site / name).resolve(): set(re.findall(r'\bid="([^"]+)"', text)) for name, text in pages.items()}
    broken = set()
    for name, text in pages.items():
        if "_static/" in name:  # the theme's own templates
            continue
        markup = re.sub(r"<script\b.*?</script>", "", text, flags=re.S)
        for link in set(re.findall(r'<(?:a|link|img|iframe)\b[^>]*?\s(?:href|src)="([^"]*)"', markup)):
            address = urlsplit(html.unescape(link))
            if address.scheme or address.netloc:
                continue
            target = (site / name).parent.joinpath(unquote(address.path)).resolve() if address.path else site / name
            place = unquote(address.fragment)
            known = ids.get(target.resolve())
            if not target.exists() or (place and known is not None and place not in known):
                broken.add((name, link))
    assert not broken


def test_equations_need_no_script(pages):
    page = pages[f"notebooks/{RUN[1]}.html"]
    assert page.count("<math") == 2 and r"\frac" not in page


def test_the_first_page_shows_the_ink_test_and_the_results_are_a_page(pages):
    assert '"view":"ink"' in pages["index.html"] and "ink_test.png" in pages["index.html"]
    assert '"inked":true' in pages["index.html"] and '"guess":null' in pages["index.html"]  # it is there at once
    assert "0.5 ± 0.1" in pages["results.html"] and "profile = fast" in pages["results.html"]


def test_what_the_run_has_set_is_folded(pages):
    page = pages[f"notebooks/{RUN[0]}.html"]
    assert "What this run has set" in page and 'data = "mine"' in html.unescape(re.sub("<.*?>", "", page))


def test_a_slide_begins_at_each_heading_and_cell(pages):
    slides = pages[f"slides/notebooks/{RUN[0]}.html"]
    # the title with what is set; the heading; two figures; the explorer; the solution: two of them are stacks
    assert slides.count("<section") == 6 + 2


def test_a_lesson_can_be_started_in_colab_and_on_binder(pages):
    page = html.unescape(pages[f"notebooks/{RUN[0]}.html"])
    assert f"/github/some/kit/blob/main/notebooks/{RUN[0]}.ipynb" in page
    assert re.search(rf"mybinder\.org/v2/gh/some/kit/main\?urlpath=lab/tree/notebooks/{RUN[0]}\.ipynb", page)
    assert "%pip install 'carekit[course] @ git+https://github.com/some/kit'" in page


def test_no_bar_and_no_folder_of_the_maker_is_printed(pages):
    page = html.unescape(re.sub("<.*?>", "", pages[f"notebooks/{RUN[0]}.html"]))
    assert "kept in own" in page and "00:01<00:00" not in page and "██" not in page
