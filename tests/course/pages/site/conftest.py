"""A site of two lessons that were "run" with small models; the others are as they are committed."""

import base64
import io
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from carekit import build
from carekit.course.explorers import frame
from carekit.course.explorers.attention_loss import explore_attention_loss
from carekit.course.explorers.ink import explore_ink
from carekit.course.pages.course import notebooks
from carekit.course.pages.site import build_site
from carekit.ground import workspace
from carekit.material.drawing import skin
from carekit.material.drawing.marks import plant
from carekit.research.setting.ink_pair import Pair

ALT = "A [dot] of $5 and *no* more_than_that"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def figure_output(png=PNG, alt=ALT):
    data = {"image/png": base64.b64encode(png).decode(), "text/plain": alt}
    return new_output("display_data", data=data, metadata={"image/png": {"alt": alt}})


def wide_png():
    buffer = io.BytesIO()
    Image.new("RGB", (1200, 200), "white").save(buffer, "png")
    return buffer.getvalue()


def explorer_outputs():
    """What two explorers leave in a notebook: the attention loss, and the ink brush with untrained models."""
    data = skin(0, 64, {"nv": 4, "df": 8}, {"nv": 2, "df": 2})
    rows = np.flatnonzero(data.labels == data.classes.index("df"))[:2]
    models = {name: build("small", len(data.classes)) for name in ("α = 0", "CARE")}
    outputs = []
    with pytest.MonkeyPatch.context() as patch:
        show = lambda data, metadata, raw: outputs.append(new_output("display_data", data=data, metadata=metadata))  # noqa: E731
        patch.setattr(frame, "display", show)
        explore_attention_loss(data, rows, np.random.default_rng(0).random((2, 8, 8)).astype("float32"))
        explore_ink(models, Pair(data, plant(data, "ink")))
    return outputs


def code(source, *outputs, tags=()):
    return new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)})


def executed_lesson(folder, explorer):
    """The cells of a lesson as papermill leaves them: with the paths of the machine that ran it."""
    shares = {0: "", 50: "███", 100: "██████"}
    bar = [new_output("stream", text=f"\rruns: {n:3}%|{done:6}| {n}/100 [00:01<00:00]") for n, done in shares.items()]
    bar.append(new_output("stream", text=f"\nkept in {workspace.runs().resolve()}/own\n"))
    run = f'# Parameters\nprofile = "fast"\ndata = "{folder}/mine"\nresults = "{folder}/04.json"\n'
    return new_notebook(
        cells=[
            new_markdown_cell("# 4. A lesson\n\n**Claim.** $L = 2$. See [lesson 3](03_masks.ipynb)."),
            code('data = "synthetic"', tags=["parameters"]),
            code(run, tags=["injected-parameters"]),
            new_markdown_cell("## A picture\n\n$$\\frac{a}{b}$$"),
            code("draw()", *bar, figure_output()),
            code("draw_seven()", figure_output(wide_png(), "Seven panels")),
            code("explore()", explorer),
            new_markdown_cell("<details><summary>Solution</summary>\n\n```python\n1 + 1\n```\n\n</details>"),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )


@pytest.fixture(scope="session")
def executed(tmp_path_factory):
    """The folder of a course of which lessons 1 and 4 were run."""
    folder = tmp_path_factory.mktemp("executed")
    names = [path.name for path in notebooks() if path.name[:2] in ("01", "04")]
    for name, explorer in zip(names, explorer_outputs(), strict=True):
        nbformat.write(executed_lesson(folder, explorer), folder / name)
    return folder


@pytest.fixture(scope="session")
def site(tmp_path_factory, executed) -> Path:
    """The folder of the site."""
    folder = tmp_path_factory.mktemp("made") / "site"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"SERVER_URL": "https://github.com", "REPOSITORY": "some/kit", "REF_NAME": "main"}.items():
            patch.setenv(f"GITHUB_{name}", value)  # as in the workflow that publishes it
        build_site(executed, notebooks(), folder, "profile = fast", "<p>fine-tuned, CARE  0.5 ± 0.1</p>")
    return folder


@pytest.fixture
def open_page(browser, site):
    """open_page(name): a page of the site from disk. Script errors and requests to elsewhere fail."""
    opened = []

    def open_from_disk(name, width=1300, scheme="light"):
        tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        tab.errors = []
        tab.on("pageerror", lambda error: tab.errors.append(str(error)))
        tab.on("request", lambda request: request.url.startswith("http") and tab.errors.append(request.url))
        opened.append(tab)
        tab.goto(f"{site.as_uri()}/{name}")
        return tab

    yield open_from_disk
    for tab in opened:
        assert tab.errors == []
        tab.close()
