"""Executed notebooks as pages that need nothing from the network: pictures inside, equations as MathML."""

import html
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import CoalesceStreamsPreprocessor

from carekit.explorers import pages
from carekit.explorers.frame import MIME
from carekit.mathml import mathml

_WIDGET = "application/vnd.jupyter.widget-view+json"


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
    page = page.replace('<script src=""></script>', "")
    if 'class="ck-alone"' in page:
        page = page.replace("</body>", f"{pages.script()}</body>")
    target.write_text(page, encoding="utf-8")
    return target


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
    """An index page: rows are (page, title, remark); summary is preformatted text."""
    items = "\n".join(
        f'<li><a href="{html.escape(page.name)}">{html.escape(name)}</a> <small>{html.escape(remark)}</small></li>'
        for page, name, remark in rows
    )
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{html.escape(heading)}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:72em;margin:2em auto;padding:0 1em;color:#111}}
pre{{overflow-x:auto;background:#f3f3f3;padding:1em;font-size:13px}}small{{color:#555}}
@media(prefers-color-scheme:dark){{body{{background:#111;color:#eee}}pre{{background:#222}}small{{color:#aaa}}
a{{color:#8cf}}}}</style></head>
<body><h1>{html.escape(heading)}</h1><p>{html.escape(settings)}</p><ol>
{items}
</ol><h2>What came out</h2><pre>{html.escape(summary)}</pre></body></html>
"""
    target = folder / "index.html"
    target.write_text(text, encoding="utf-8")
    return target
