"""Shapes of annotation tools as boxes: corners, and the frame, the size of the picture that they were drawn in."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

NAN = float("nan")
AS_IS = (NAN, NAN)  # the frame of a box in the pixels of the image's file
SHARES = (1.0, 1.0)  # the frame of a box in shares of the image
# What Python raises when a file has another form than its format says.
WRONG_FORM = (KeyError, TypeError, ValueError, OverflowError, AttributeError, IndexError)

Corners = tuple[float, float, float, float]


@contextmanager
def expected(words: str) -> Iterator[None]:
    """Raise ValueError with these words, in one sentence, for what has another form than its format says."""
    try:
        yield
    except WRONG_FORM as error:
        raise ValueError(f"{words} ({error!r}): correct or remove it") from None


def around_points(points: Sequence[Sequence[Any]]) -> Corners:
    """The box around points (x, y). Raises ValueError or TypeError if they are not points."""
    xs = [float(x) for x, _ in points]
    ys = [float(y) for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def from_sides(x: Any, y: Any, w: Any, h: Any) -> Corners:
    """The corners of a box from its upper left corner and its sides."""
    x, y = float(x), float(y)
    return x, y, x + float(w), y + float(h)


def around_centre(cx: Any, cy: Any, w: Any, h: Any) -> Corners:
    """The corners of a box from its centre and its sides."""
    cx, cy, w, h = float(cx), float(cy), float(w), float(h)
    return cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2


def frame_of(width: Any, height: Any) -> tuple[float, float]:
    """The frame that an annotation states; `AS_IS` if it states none."""
    try:
        w, h = float(width), float(height)
    except (TypeError, ValueError):
        return AS_IS
    return (w, h) if 0 < w < 1e9 and 0 < h < 1e9 else AS_IS
