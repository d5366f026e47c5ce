"""In which picture a box was drawn, and where it is in the image: scaled, or turned upright as its image is."""

from math import isnan

from carekit.data.filling import Box

ASPECT = 0.01  # by so much the proportions of two pictures may differ for one to be the other in another size
SCALED, TURNED = "scaled", "turned"


def in_pixels(
    framed: tuple[float, float, float, float, float, float], pixels: tuple[int, int], turn: int, image_id: str
) -> tuple[Box, str]:
    """A box in the pixels of the upright image, and how it came there: "", `SCALED` or `TURNED`.

    Args:
        framed: x0, y0, x1, y1 and the width and height of the picture that it was drawn in: NaN for the image as it
            is, 1 and 1 for shares of it.
        pixels: width and height of the upright image.
        turn: the image's EXIF orientation, 1 to 8, before it was turned upright.
        image_id: for the error.

    Raises:
        ValueError: where the picture is another than the image, so that it is not clear where the box is.
    """
    *corners, wide, tall = framed
    w, h = pixels
    x0, y0, x1, y1 = corners
    if isnan(wide) or (wide, tall) == (w, h):
        return (x0, y0, x1, y1), ""
    if (wide, tall) == (1, 1):
        return (x0 * w, y0 * h, x1 * w, y1 * h), ""
    swapped = turn >= 5 and _alike(tall, wide, w, h)
    # The sides may fit both ways if the picture is nearly square: then the exact one counts.
    if swapped and ((tall, wide) == (w, h) or not _alike(wide, tall, w, h)):
        across, down = _upright((x0, x1), (y0, y1), wide, tall, turn)
        (x0, x1), (y0, y1) = sorted(across), sorted(down)
        wide, tall = tall, wide
        how = TURNED
    elif _alike(wide, tall, w, h):
        how = SCALED if abs(wide - w) > 1 or abs(tall - h) > 1 else ""
    else:
        words = f"the boxes of image {image_id} were drawn in a picture of {wide:g} x {tall:g} pixels"
        remedy = "give the boxes of this picture, or the picture of these boxes"
        raise ValueError(f"{words}, and it is {w} x {h}, of another shape: {remedy}")
    return (x0 * w / wide, y0 * h / tall, x1 * w / wide, y1 * h / tall), how


def _alike(wide: float, tall: float, w: int, h: int) -> bool:
    """Whether two pictures have the same proportions, to the rounding of a pixel."""
    return abs(wide / tall * h - w) <= max(1.0, ASPECT * w) and abs(tall / wide * w - h) <= max(1.0, ASPECT * h)


def _upright(
    xs: tuple[float, float], ys: tuple[float, float], wide: float, tall: float, turn: int
) -> tuple[list[float], list[float]]:
    """Where the orientations that swap a stored picture's sides show its columns xs and rows ys: columns, rows."""
    across, down = list(ys), list(xs)
    if turn in (6, 7):
        across = [tall - y for y in ys]
    if turn in (7, 8):
        down = [wide - x for x in xs]
    return across, down
