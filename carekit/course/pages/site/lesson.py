"""An executed lesson as a source for Sphinx: figures in files, explorers as they work alone, a break for each slide."""

import base64
import io
import os
import re
from itertools import chain
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from PIL import Image

from carekit.course.explorers import pages
from carekit.course.explorers.frame import MIME
from carekit.course.pages.report import name_files_only
from carekit.ground.page import image

_WIDE = 800  # pixels of a figure that a telephone would make too small
_BREAK = ":::{revealjs-break}\n:notitle:\n:::"
_SLIDES = '<a href="../slides/notebooks/{name}.html">Slides of this lesson</a>'
_COLAB = "In Colab, run this first: <code>%pip install 'carekit[course] @ git+{repository}'</code>"
_NOT_RUN = "This lesson was not run for this site, so its pictures and numbers are missing."
_BAR = re.compile(r"^[^\n]*\d%\|[^\n|]*\|[^\n]*(?:\n|$)", re.M)
_FOLDED = {"parameters": "What can be set", "injected-parameters": "What this run has set"}


def read(notebook: Path) -> nbformat.NotebookNode:
    """A notebook; raises nbformat's errors where it is none."""
    return nbformat.read(notebook, as_version=4)


def explorers(node: nbformat.NotebookNode) -> list[tuple[dict[str, Any], str]]:
    """The explorers of an executed notebook, each with its still picture as an <img>."""
    pairs = []
    for output in _outputs(node.cells):
        data = output.get("data", {})
        if MIME in data and "image/png" in data:
            pairs.append((data[MIME], image(data["image/png"], _alt(output))))
    return pairs


def write_page(node: nbformat.NotebookNode, target: Path, executed: bool = True) -> None:
    """Write a lesson as Sphinx reads it, and its figures in the folder `figures` next to it.

    Args:
        node: an executed notebook; it is changed.
        target: the file to write.
        executed: False for a notebook that was not run: its page has a sentence about that.
    """
    node.metadata.pop("widgets", None)
    node.metadata.pop("papermill", None)
    name_files_only(node)
    node, _ = CoalesceStreamsPreprocessor(enabled=True)(node, {})  # a progress bar is one line
    _remove_bars(node)
    cells = [_shown(cell) for cell in node.cells]
    figures = target.parent / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for number, output in enumerate(_outputs(cells)):
        _as_file(output, figures / f"{target.stem}-{number}")
    node.cells = []
    for cell in cells:
        if not _begins_slide(cell):
            node.cells.append(_markdown(_BREAK))
        node.cells.append(cell)
    if node.cells:
        node.cells.insert(1, _markdown(f'<p class="ck-links">{_links(target.stem, executed)}</p>'))
    nbformat.write(node, target)


def _links(name: str, executed: bool) -> str:
    """The links below a lesson's title; if made on GitHub, whose address pip needs, also how to start in Colab."""
    links = [_SLIDES.format(name=name) if executed else _NOT_RUN]
    if "GITHUB_REPOSITORY" in os.environ:
        links.append(_COLAB.format(repository=f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_REPOSITORY']}"))
    return "<br>".join(links)


def _markdown(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(text)


def _remove_bars(node: nbformat.NotebookNode) -> None:
    """Remove progress bars, which have ended, and outputs that are empty without them."""
    for output in _outputs(node.cells):
        if "text" in output:
            output.text = _BAR.sub("", output.text)
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("text", "-").strip()]


def _outputs(cells: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    return list(chain.from_iterable(cell.get("outputs", []) for cell in cells))


def _alt(output: nbformat.NotebookNode) -> str:
    return output.get("metadata", {}).get("image/png", {}).get("alt", "")


def _shown(cell: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The cell for a page: parameters are folded, and the time and place of the run are removed."""
    tags = list(cell.metadata.get("tags", []))
    cell.metadata = nbformat.NotebookNode(tags=tags)
    for tag, words in _FOLDED.items():
        if tag in tags:
            cell.metadata |= {"tags": [*tags, "hide-input"], "mystnb": {"code_prompt_show": words}}
    if cell.cell_type == "code":
        cell.outputs = [output for output in cell.outputs if output.get("data", True)]
    return cell


def _as_file(output: nbformat.NotebookNode, stem: Path) -> None:
    """Leave one form of an output: an explorer as HTML, a figure as Markdown of a file with its alternative text.

    The file's name of a wide figure ends with "-wide", so that the style sheet keeps its labels legible on a telephone.
    """
    data = output.get("data", {})
    explorer, picture = data.get(MIME), data.get("image/png")
    if explorer is not None and picture is not None:
        output.data = nbformat.NotebookNode({"text/html": pages.as_html(explorer, image(picture, _alt(output)))})
    elif picture is not None and _alt(output):
        png = base64.b64decode(picture)
        with Image.open(io.BytesIO(png)) as opened:
            file = stem.with_name(f"{stem.name}{'-wide' * (opened.width > _WIDE)}.png")
        file.write_bytes(png)
        words = re.sub(r"([\[\]\\`*_<>$])", r"\\\1", " ".join(_alt(output).split()))
        output.data = nbformat.NotebookNode({"text/markdown": f"![{words}](figures/{file.name})"})


def _begins_slide(cell: nbformat.NotebookNode) -> bool:
    """Whether a cell needs no break: a heading begins a slide, and folded parameters need none."""
    return (cell.cell_type == "markdown" and cell.source.startswith("#")) or "mystnb" in cell.metadata
