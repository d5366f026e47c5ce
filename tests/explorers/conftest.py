"""What an explorer displays, and a page to look at it."""

import pytest


@pytest.fixture
def displayed(monkeypatch):
    """The bundles that explorers show, each a dict by MIME type."""
    from carekit.explorers import frame

    bundles = []
    monkeypatch.setattr(frame, "display", lambda data, **_: bundles.append(data))
    return bundles


@pytest.fixture
def page(browser, displayed, tmp_path):
    """page(): the explorers that were shown, on a page opened from disk, without a kernel. Script errors fail."""
    from carekit.explorers import frame, pages

    opened = []

    def open_page(width=1100, scheme="light"):
        parts = "".join(pages.as_html(bundle[frame.MIME], "") for bundle in displayed)
        head = '<meta charset="utf-8"><title>Explorers</title><meta name="viewport" content="width=device-width">'
        file = tmp_path / f"page{len(opened)}.html"
        body = f"<main>{parts}</main>{pages.script()}"
        text = f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'
        file.write_text(text, encoding="utf-8")
        tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        tab.errors = []
        tab.on("pageerror", lambda error: tab.errors.append(str(error)))
        tab.on("request", lambda request: request.url.startswith("http") and tab.errors.append(request.url))
        opened.append(tab)
        tab.goto(file.as_uri())
        tab.wait_for_function("document.querySelector('.ck-alone')?.carekit?.numbers")
        return tab

    yield open_page
    for tab in opened:
        assert tab.errors == []
        tab.close()


@pytest.fixture
def settle():
    """settle(tab, **values): set values in the first explorer and wait until it is painted; returns its numbers."""

    def set_values(tab, **values):
        return tab.evaluate(
            """async (values) => {
                const frame = document.querySelector('.ck-alone').carekit;
                frame.set(values, true);
                await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
                return frame.numbers;
            }""",
            values,
        )

    return set_values
