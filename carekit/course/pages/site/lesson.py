"""An executed lesson as a source for Sphinx: figures in files, explorers as they work alone, a break for each slide."""

import base64
import io
import os
import re
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from PIL import Image

from carekit.course.explorers import pages
from carekit.course.explorers.frame import MIME
from carekit.course.pages.report import image_tag, name_files_only

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
    """The explorers of an executed notebook, each with the picture that stands in for it as an <img>."""
    found = []
    for output in _outputs(node):
        data, alt = output.get("data", {}), _alt(output)
        if MIME in data and "image/png" in data:
            found.append((data[MIME], image_tag(data["image/png"], alt)))
    return found


def write_page(node: nbformat.NotebookNode, target: Path, executed: bool = True) -> None:
    """Write a lesson where Sphinx reads it, and its figures in the folder `figures` beside it.

    Args:
        node: an executed notebook; it is changed.
        target: the file to write.
        executed: False for one that was not run: its page says so.
    """
    node.metadata.pop("widgets", None)
    node.metadata.pop("papermill", None)
    name_files_only(node)
    node, _ = CoalesceStreamsPreprocessor(enabled=True)(node, {})  # a progress bar is one line
    _remove_bars(node)
    cells = [_shown(cell) for cell in node.cells]
    figures = target.parent / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for number, output in enumerate(output for cell in cells for output in cell.get("outputs", [])):
        _as_file(output, figures / f"{target.stem}-{number}")
    node.cells = [part for cell in cells for part in _with_break(cell)]
    if node.cells:
        node.cells.insert(1, _markdown(f'<p class="ck-links">{_links(target.stem, executed)}</p>'))
    nbformat.write(node, target)


def _links(name: str, executed: bool) -> str:
    """What stands below a lesson's title; on GitHub, where it is known what to install, also how to start in Colab."""
    links = [_SLIDES.format(name=name) if executed else _NOT_RUN]
    if "GITHUB_REPOSITORY" in os.environ:
        links.append(_COLAB.format(repository=f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_REPOSITORY']}"))
    return "<br>".join(links)


def _markdown(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(text)


def _remove_bars(node: nbformat.NotebookNode) -> None:
    """A progress bar that has ended tells a reader nothing."""
    for cell in node.cells:
        for output in cell.get("outputs", []):
            if "text" in output:
                output.text = _BAR.sub("", output.text)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("text", "-").strip()]


def _outputs(node: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in node.cells for output in cell.get("outputs", [])]


def _alt(output: nbformat.NotebookNode) -> str:
    return output.get("metadata", {}).get("image/png", {}).get("alt", "")


def _shown(cell: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The cell as a page shows it: parameters are folded, and nothing is left of when and where it was run."""
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

    A wide figure says so in its file's name, by which the style sheet keeps its labels legible on a telephone.
    """
    data = output.get("data", {})
    explorer, picture = data.get(MIME), data.get("image/png")
    if explorer is not None and picture is not None:
        output.data = nbformat.NotebookNode({"text/html": pages.as_html(explorer, image_tag(picture, _alt(output)))})
    elif picture is not None and _alt(output):
        png = base64.b64decode(picture)
        with Image.open(io.BytesIO(png)) as opened:
            file = stem.with_name(f"{stem.name}{'-wide' * (opened.width > _WIDE)}.png")
        file.write_bytes(png)
        words = re.sub(r"([\[\]\\`*_<>$])", r"\\\1", " ".join(_alt(output).split()))
        output.data = nbformat.NotebookNode({"text/markdown": f"![{words}](figures/{file.name})"})


def _with_break(cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """A cell, on a slide of its own where it does not begin one by its heading."""
    begins = cell.cell_type == "markdown" and cell.source.startswith("#")
    return [cell] if begins or "mystnb" in cell.metadata else [_markdown(_BREAK), cell]
