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

_WIDGET = "application/vnd.jupyter.widget-view+json"
_FOLDERS = re.compile(r'"(?:[A-Za-z]:)?[/\\][^"\n]*[/\\]([^"/\\\n]+)"')
_LESSON = re.compile(r'href="([0-9]{2}_\w+)\.ipynb"')
_BODY = re.compile(r"<body[^>]*>")
_DARK = "body { background: #111; } .jp-OutputArea-output img { background: #fff; } .ck-course a { color: #8cf; }"
_NAV = """<style>.ck-course{display:flex;flex-wrap:wrap;gap:.4em 1.6em;padding:.8em 1em}
.ck-course a{color:#0057a3}</style>"""


class _MathML(IPythonRenderer):
    """Equations as MathML, which browsers draw by themselves."""

    def block_math(self, body: str) -> str:
        return mathml(body, "block")

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")


def _markdown(text: str) -> str:
    return MarkdownWithMath(renderer=_MathML(escape=False)).render(text)


def to_html(notebook: Path) -> Path:
    """Write NAME.html beside an executed NAME.ipynb: widgets as their still pictures, nothing loaded from elsewhere."""
    node = nbformat.read(notebook, as_version=4)
    node.metadata.pop("widgets", None)
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
    """In the parameters that papermill adds and in what cells print: names of files, not where the maker has them."""
    runs = f"{workspace.runs().resolve()}{os.sep}"
    for cell in node.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = _FOLDERS.sub(r'"\1"', cell.source)
        for output in cell.get("outputs", []):
            if "text" in output:
                output.text = output.text.replace(runs, "")


def _dark(exporter: HTMLExporter) -> str:
    """Jupyter's dark colours for whoever's system is dark; pictures of charts keep their white ground."""
    files = (Path(folder) / "static" / "theme-dark.css" for folder in exporter.template_paths)
    colours = next((file.read_text(encoding="utf-8") for file in files if file.is_file()), "")
    return f"<style>@media (prefers-color-scheme: dark) {{ {colours} {_DARK} }}</style>"


def connect(pages: list[Path], titles: list[str]) -> None:
    """Lead from each page of a course to the index, to the one before and the next; links to lessons become pages."""
    made = {page.stem for page in pages}
    for place, page in enumerate(pages):
        text = page.read_text(encoding="utf-8")
        text = _LESSON.sub(lambda found: f'href="{found[1]}.html"' if found[1] in made else found[0], text)
        links = ['<a href="index.html">All lessons</a>']
        if place:
            links.append(_link(pages[place - 1], f"← {titles[place - 1]}", "prev"))
        if place + 1 < len(pages):
            links.append(_link(pages[place + 1], f"{titles[place + 1]} →", "next"))
        bar = f'<nav class="ck-course" aria-label="Lessons">{" ".join(links)}</nav>'
        body = _BODY.search(text)
        if body is not None:
            text = text[: body.end()] + bar + text[body.end() :]
        page.write_text(text.replace("</body>", f"{bar.replace('Lessons', 'Lessons, once more')}</body>"), "utf-8")


def _link(page: Path, text: str, rel: str) -> str:
    return f'<a rel="{rel}" href="{html.escape(page.name)}">{html.escape(text)}</a>'


def _still(output: nbformat.NotebookNode) -> None:
    """A widget or picture as an image with its text, which nbconvert leaves out; an explorer as it works alone."""
    data = output.get("data", {})
    data.pop(_WIDGET, None)
    explorer = data.pop(MIME, None)
    alt = output.get("metadata", {}).get("image/png", {}).get("alt")
    if alt is not None and "image/png" in data:
        image = image_tag(data.pop("image/png"), alt)
        data["text/html"] = pages.as_html(explorer, image) if explorer else image


def image_tag(png: str, alt: str) -> str:
    """A picture in base64 as an <img> that needs no file."""
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{"".join(png.split())}">'


def title(node: nbformat.NotebookNode) -> str:
    """The first heading of a notebook."""
    for cell in node.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return cell.source.splitlines()[0][2:]
    return "A lesson"


def write_index(folder: Path, heading: str, rows: list[tuple[Path, str, str]], summary: str, settings: str) -> Path:
    """An index page, to and from which all others lead: rows are (page, title, remark); summary is HTML."""
    connect([page for page, _, _ in rows], [name for _, name, _ in rows])
    items = "\n".join(
        f'<li><a href="{html.escape(page.name)}">{html.escape(name)}</a> <small>{html.escape(remark)}</small></li>'
        for page, name, remark in rows
    )
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{html.escape(heading)}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:72em;margin:2em auto;padding:0 1em;color:#111}}
ul{{list-style:none;padding:0}}small{{color:#555}}
table{{display:block;overflow-x:auto;border-collapse:collapse;font-size:14px}}
th,td{{padding:.2em .8em .2em 0;text-align:right;border-bottom:1px solid #ccc}}
tbody th{{text-align:left;white-space:nowrap}}
@media(prefers-color-scheme:dark){{body{{background:#111;color:#eee}}small{{color:#aaa}}
a{{color:#8cf}}}}</style></head>
<body><h1>{html.escape(heading)}</h1><p>{html.escape(settings)}</p><ul>
{items}
</ul><h2>What came out</h2>{summary}</body></html>
"""
    target = folder / "index.html"
    target.write_text(text, encoding="utf-8")
    return target
