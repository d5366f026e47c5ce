"""Executed notebooks as pages that need nothing from the network: pictures inside, equations as MathML."""

import html
import os
import re
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import CoalesceStreamsPreprocessor

from carekit.course.explorers import pages
from carekit.course.explorers.frame import MIME
from carekit.course.pages.mathml import mathml
from carekit.ground import workspace
from carekit.ground.page import image, link, write_page

_WIDGET = "application/vnd.jupyter.widget-view+json"
_FOLDERS = re.compile(r'"(?:[A-Za-z]:)?[/\\][^"\n]*[/\\]([^"/\\\n]+)"')
_LESSON = re.compile(r'href="([0-9]{2}_\w+)\.ipynb"')
_BODY = re.compile(r"<body[^>]*>")
_DARK = "body { background: #111; } .jp-OutputArea-output img { background: #fff; } .ck-course a { color: #8cf; }"
_NAV = """<style>.ck-course{display:flex;flex-wrap:wrap;gap:.4em 1.6em;padding:.8em 1em}
.ck-course a{color:#0057a3}</style>"""


class _MathML(IPythonRenderer):
    """Equations as MathML, which browsers draw without a script."""

    def block_math(self, body: str) -> str:
        return mathml(body, "block")

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")


def _markdown(text: str) -> str:
    return MarkdownWithMath(renderer=_MathML(escape=False)).render(text)


def to_html(notebook: Path) -> Path:
    """Write NAME.html next to an executed NAME.ipynb: still pictures for widgets, nothing loaded from elsewhere."""
    node = nbformat.read(notebook, as_version=4)
    node.metadata.pop("widgets", None)  # stored widgets need a script from the network
    name_files_only(node)
    for output in (output for cell in node.cells for output in cell.get("outputs", [])):
        _still(output)
    exporter = HTMLExporter(
        mathjax_url="",
        require_js_url="",
        jquery_url="",
        mermaid_js_url="",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        filters={"markdown2html": _markdown},
    )
    exporter.register_preprocessor(CoalesceStreamsPreprocessor, enabled=True)  # a progress bar is one line
    page, _ = exporter.from_notebook_node(node, resources={"metadata": {"name": title(node)}})
    target = notebook.with_suffix(".html")
    page = page.replace('<script src=""></script>', "").replace("</head>", f"{_NAV}{_dark(exporter)}</head>")
    if 'class="ck-alone"' in page:
        page = page.replace("</body>", f"{pages.script()}</body>")
    target.write_text(page, encoding="utf-8")
    return target


def name_files_only(node: nbformat.NotebookNode) -> None:
    """Reduce paths of this machine to file names, in the parameters that papermill adds and in printed text."""
    runs = f"{workspace.runs().resolve()}{os.sep}"
    for cell in node.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = _FOLDERS.sub(r'"\1"', cell.source)
        for output in cell.get("outputs", []):
            if "text" in output:
                output.text = output.text.replace(runs, "")


def _dark(exporter: HTMLExporter) -> str:
    """Jupyter's dark colours for a dark system; pictures of charts keep their white ground."""
    colours = ""
    for folder in exporter.template_paths:
        file = Path(folder) / "static" / "theme-dark.css"
        if file.is_file():
            colours = file.read_text(encoding="utf-8")
            break
    return f"<style>@media (prefers-color-scheme: dark) {{ {colours} {_DARK} }}</style>"


def connect(pages: list[Path], titles: list[str]) -> None:
    """Link each page of a course to the index, the page before and the next; links to lessons become links to pages."""
    made = {page.stem for page in pages}  # a link to a lesson without a page stays as it is
    for place, page in enumerate(pages):
        text = page.read_text(encoding="utf-8")
        for lesson in set(_LESSON.findall(text)) & made:
            text = text.replace(f'href="{lesson}.ipynb"', f'href="{lesson}.html"')
        links = [link("index.html", "All lessons")]
        if place:
            links.append(link(pages[place - 1].name, f"← {titles[place - 1]}", rel="prev"))
        if place + 1 < len(pages):
            links.append(link(pages[place + 1].name, f"{titles[place + 1]} →", rel="next"))
        bar = f'<nav class="ck-course" aria-label="Lessons">{" ".join(links)}</nav>'
        body = _BODY.search(text)
        if body is not None:  # one bar above the lesson, one below
            text = text[: body.end()] + bar + text[body.end() :]
        page.write_text(text.replace("</body>", f"{bar.replace('Lessons', 'Lessons, once more')}</body>"), "utf-8")


def _still(output: nbformat.NotebookNode) -> None:
    """Make a widget or picture an image with its text, which nbconvert leaves out; an explorer works alone."""
    data = output.get("data", {})
    data.pop(_WIDGET, None)
    explorer = data.pop(MIME, None)
    alt = output.get("metadata", {}).get("image/png", {}).get("alt")
    if alt is not None and "image/png" in data:
        still = image(data.pop("image/png"), alt)
        data["text/html"] = pages.as_html(explorer, still) if explorer else still


def title(node: nbformat.NotebookNode) -> str:
    """The first heading of a notebook."""
    for cell in node.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return cell.source.splitlines()[0][2:]
    return "A lesson"


def write_index(folder: Path, heading: str, rows: list[tuple[Path, str, str]], summary: str, settings: str) -> Path:
    """Write the index page, and links between all pages: rows are (page, title, remark); summary is HTML."""
    connect([page for page, _, _ in rows], [name for _, name, _ in rows])
    body = [f'<p>{html.escape(settings)}</p><ul class="plain">']
    body += [f"<li>{link(page.name, name)} <small>{html.escape(remark)}</small></li>" for page, name, remark in rows]
    body.append(f'</ul><h2>What came out</h2><div class="numbers">{summary}</div>')
    return write_page(folder / "index.html", heading, "\n".join(body))
