"""Put a figure or a table into a notebook: with a text that says what it shows, for those who cannot see it."""

import base64
import html
import io
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import HTML, display
from matplotlib.figure import Figure

from carekit.research.figures.labels import label_of
from carekit.research.figures.wording import interval


def png(figure: Figure) -> bytes:
    """The figure as a PNG picture; the figure is closed."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100, bbox_inches="tight")
    plt.close(figure)
    return buffer.getvalue()


def bundle(figure: Figure, alt: str) -> tuple[dict, dict]:
    """(data, metadata) for display: the picture with `alt` as its text."""
    data = {"image/png": base64.b64encode(png(figure)).decode(), "text/plain": alt}
    return data, {"image/png": {"alt": alt}}


def figure(figure: Figure, alt: str, numbers: Mapping[str, Any] | None = None) -> None:
    """Show a figure; `alt` says in words what is to be seen in it, and `numbers`, name -> number or a mapping of such,
    follow it, rounded."""
    if numbers:
        alt = f"{alt}: {listed(numbers)}"
    data, metadata = bundle(figure, alt)
    display(data, metadata=metadata, raw=True)


def listed(numbers: Mapping[str, Any]) -> str:
    """Numbers in words for a screen reader, as "df 0.25, nv 3", or "recall: df 0.25, nv 0.9; precision: df 1"."""
    inner = [f"{name}: {listed(part)}" for name, part in numbers.items() if isinstance(part, Mapping)]
    if inner:
        return "; ".join(inner)
    return ", ".join(f"{name} {_rounded(float(value))}" for name, value in numbers.items())


def _rounded(value: float) -> str:
    if abs(value) < 1000:
        return f"{value:.3g}"
    return f"{value:.0f}"  # 1463, not 1.46e+03


def table(frame: pd.DataFrame, digits: int = 3) -> None:
    """Show a table with rounded numbers; columns (metric, "mean") and (metric, "±") become one: mean ± half-width."""
    if isinstance(frame.columns, pd.MultiIndex) and "±" in frame.columns.get_level_values(1):
        frame = with_intervals(frame, digits)
    frame = frame.rename(columns=label_of, index=label_of)
    styled = frame.style.format(precision=digits, na_rep="–", escape="html")
    for axis in (0, 1):  # the names of rows and columns are escaped apart
        styled = styled.format_index(precision=digits, escape="html", axis=axis)
    display(styled)


def saw(text: str) -> None:
    """Show a fold "What you saw", the answer to a "Predict, then look": it opens when one has looked."""
    display(HTML(f"<details><summary>What you saw</summary><p>{html.escape(text)}</p></details>"))


def with_intervals(frame: pd.DataFrame, digits: int = 3) -> pd.DataFrame:
    """Mean and half-width columns as one column of text."""
    columns = {}
    for metric in frame.columns.unique(0):
        pairs = frame[metric].to_numpy()  # (rows, 2): mean, half width
        columns[metric] = [interval(mean, half, digits) for mean, half in pairs]
    return pd.DataFrame(columns, index=frame.index)
