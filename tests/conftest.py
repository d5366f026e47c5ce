"""Each test has a workspace of its own, and a browser if it asks; shapes are checked by an option in pyproject.toml."""

import importlib.util
import os
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
import torch

from carekit.ground.environment import must_be_complete

matplotlib.use("Agg")
torch.set_num_threads(1)
sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))


NEEDED = ("chromium", "axe-core", "node")  # how the reason of a skip begins that continuous integration does not take


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Where nothing may be missing, a test that is skipped for want of a browser fails instead."""
    report = yield
    if report.skipped and must_be_complete():
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if reason.startswith(NEEDED):
            report.outcome = "failed"
            report.longrepr = f"{reason} (CAREKIT_REQUIRE_BROWSER=1)"
    return report


@pytest.fixture(scope="module")  # while it runs, nothing else can run an event loop
def browser():
    """Chromium, driven by playwright; without it the test is skipped."""
    from _lab import FLAGS, chromium

    path = chromium()
    if path is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def axe():
    """The source of axe-core, from the path in CAREKIT_AXE or from the package axe-playwright-python."""
    if "CAREKIT_AXE" in os.environ:
        return Path(os.environ["CAREKIT_AXE"]).read_text(encoding="utf-8")
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None:
        pytest.skip("axe-core is missing: pip install axe-playwright-python, or CAREKIT_AXE=path of axe.min.js")
    return Path(found.origin).with_name("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def displayed(monkeypatch):
    """The bundles that explorers show, each a dict by MIME type."""
    from carekit.course.explorers import frame

    bundles = []
    monkeypatch.setattr(frame, "display", lambda data, **_: bundles.append(data))
    return bundles


@pytest.fixture
def page(browser, displayed, tmp_path):
    """page(): the explorers that were shown, on a page opened from disk, without a kernel. Script errors fail."""
    from carekit.course.explorers import frame, pages

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


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("CAREKIT_RUNS", str(tmp_path / "runs"))


@pytest.fixture
def tiny():
    """Two classes, 24 training and 8 test images of 16 px; the rare one has a bright square, and a box around it."""
    from carekit.data.prepared import Prepared

    rng = np.random.default_rng(0)
    n, size = 32, 16
    labels = np.tile([0, 0, 0, 1], n // 4)
    images = rng.integers(60, 120, (n, size, size, 3), dtype=np.uint8)
    corners = rng.integers(1, 9, (n, 2))
    rows = []
    for i in np.flatnonzero(labels):
        x, y = corners[i]
        images[i, y : y + 6, x : x + 6] = 250
        rows.append({"image_id": f"i{i}", "x0": x, "y0": y, "x1": x + 6, "y1": y + 6})
    samples = pd.DataFrame(
        {
            "image_id": [f"i{i}" for i in range(n)],
            "label": labels,
            "group": [f"g{i}" for i in range(n)],
            "split": ["train"] * 24 + ["test"] * 8,
        }
    )
    facts = {
        "name": "tiny",
        "title": "Tiny",
        "classes": ["common", "rare"],
        "class_names": ["Common", "Rare"],
        "rare": ["rare"],
        "size": size,
        "licence": "none",
        "citation": "none",
        "source": "tests",
        "split": "by hand",
    }
    boxes = pd.DataFrame(rows).astype({name: float for name in ("x0", "y0", "x1", "y1")})
    return Prepared(images=images, samples=samples, boxes=boxes, facts=facts)
