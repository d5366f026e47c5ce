"""Whether a map can be one of an image, by their sizes."""

import math

Size = tuple[int, int]  # height, width


def fits(size: Size, image: Size, *, larger: bool = False) -> bool:
    """More than one cell, no finer than the image unless `larger`, and its proportions as far as whole cells allow.

    Lesson 8.
    """
    u, v = size
    h, w = image
    if u * v <= 1 or (not larger and (u > h or v > w)):
        return False
    off = abs(math.log((u / v) / (h / w)))
    return off <= math.log(1 + 1 / min(u, v)) + 1e-9
