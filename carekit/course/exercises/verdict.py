"""What a check says: whether an answer is right, and why, as text and in a notebook with a picture."""

import html
from collections.abc import Callable


class Verdict:
    """Whether an answer is right: a line that says why, and the picture of the difference if there is one.

    Args:
        right: whether it is.
        text: why, or what follows from it.
        picture: makes HTML that shows the difference to the right answer.
    """

    def __init__(self, right: bool, text: str, picture: Callable[[], str] = str):
        self.right, self.text, self.picture = right, text, picture

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<div>{html.escape(self.text)}</div>{self.picture()}"
