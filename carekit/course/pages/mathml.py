"""Equations as MathML, which browsers draw without a script and a network."""

import html

from latex2mathml.converter import convert
from latex2mathml.exceptions import InvalidAlignmentError, NoAvailableTokensError


def mathml(tex: str, display: str) -> str:
    """An equation in LaTeX as MathML; as code if it cannot be parsed.

    Args:
        tex: the equation without its dollars.
        display: "block" or "inline".
    """
    try:
        return convert(tex.strip(), display=display)
    except (InvalidAlignmentError, NoAvailableTokensError, IndexError, KeyError):
        return f"<code>{html.escape(tex)}</code>"
