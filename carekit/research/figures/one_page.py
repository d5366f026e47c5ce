"""A report of one page: headings, paragraphs, tables and figures in one HTML file that needs nothing else."""

import html
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from carekit.ground import page
from carekit.research.figures import show
from carekit.research.figures.labels import label_of


def write_page(path: Path, title: str, parts: Mapping[str, str | pd.DataFrame | Figure]) -> Path:
    """Write a report, whole or not at all.

    Args:
        path: the HTML file.
        title: its heading.
        parts: heading -> a text, a table of results, or a figure, in their order. A figure's heading is its text for
            readers who do not see it.

    Raises:
        OSError: if it cannot be written.
    """
    return page.write_page(
        path, title, "\n".join(f"<h2>{html.escape(name)}</h2>\n{_part(name, part)}" for name, part in parts.items())
    )


def _part(name: str, part: str | pd.DataFrame | Figure) -> str:
    if isinstance(part, str):
        return page.paragraphs(part)
    if isinstance(part, Figure):
        return page.image(show.png(part), name)
    if isinstance(part.columns, pd.MultiIndex):
        part = show.with_intervals(part)
    return part.rename(columns=label_of, index=label_of).to_html(border=0, escape=True, float_format="%.3f")
