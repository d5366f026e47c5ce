"""A report of one page: headings, paragraphs, tables and figures in one HTML file that needs nothing else."""

import base64
import html
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from carekit.ground.folders import whole_file
from carekit.method.metrics import label_of
from carekit.research.figures import show

_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:50em;margin:2em auto;padding:0 1em;color:#111}
body{background:#fff}img{max-width:100%}
div{overflow-x:auto}table{border-collapse:collapse}
td,th{padding:.2em .8em;border-bottom:1px solid #ccc;text-align:left}"""


def write_page(path: Path, title: str, parts: Mapping[str, str | pd.DataFrame | Figure]) -> Path:
    """Write a report, whole or not at all.

    Args:
        path: the HTML file.
        title: its heading.
        parts: heading -> a text, a table of results, or a figure, in their order. A figure's heading is its text for
            those who do not see it.

    Raises:
        OSError: where it cannot be written.
    """
    body = "\n".join(f"<h2>{html.escape(name)}</h2>\n{_part(name, part)}" for name, part in parts.items())
    page = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{html.escape(title)}</title><style>{_STYLE}</style></head>
<body><h1>{html.escape(title)}</h1>
{body}
</body></html>
"""
    with whole_file(path) as new:
        new.write_text(page, encoding="utf-8")
    return path


def _part(name: str, part: str | pd.DataFrame | Figure) -> str:
    if isinstance(part, Figure):
        source = base64.b64encode(show.png(part)).decode()
        return f'<img alt="{html.escape(name)}" src="data:image/png;base64,{source}">'
    if isinstance(part, pd.DataFrame):
        table = show.with_intervals(part) if isinstance(part.columns, pd.MultiIndex) else part
        shown = table.rename(columns=label_of, index=label_of).to_html(border=0, escape=True, float_format="%.3f")
        return f"<div>{shown}</div>"
    return "".join(f"<p>{html.escape(line)}</p>" for line in part.split("\n") if line.strip())
