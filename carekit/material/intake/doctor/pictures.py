"""Images that are the same pixel by pixel, and images that show nothing."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
from PIL import Image

from carekit.material.intake.doctor.report import Report
from carekit.material.intake.layouts.layout import and_more

ROWS = 256  # of an image that are looked at together


def strips(image: Image.Image) -> Iterator[np.ndarray]:
    """An image's rows, (k, w, 3) at a time: all of them as an array take more memory than the image itself."""
    for top in range(0, image.height, ROWS):
        yield np.asarray(image.crop((0, top, image.width, min(top + ROWS, image.height))))


def look_at(parts: Iterable[np.ndarray]) -> tuple[str, bool]:
    """A hash of an image's shape and pixels, and whether it is of a single colour.

    Args:
        parts: its rows, (k, w, 3) at a time; images are the same only if they come in the same parts.
    """
    digest, first, blank = hashlib.sha256(), None, True
    for part in parts:
        if first is None:
            first = part[0, 0].copy()
        digest.update(repr(part.shape).encode() + part.tobytes())
        blank = blank and bool((part == first).all())
    return digest.hexdigest(), blank


class Pictures:
    """The pictures of a data set, compared with each other.

    Args:
        ids: names of the images.
        names: their classes.
        split: their parts, or None where they are not known.
    """

    def __init__(self, ids: pd.Series, names: pd.Series, split: pd.Series | None):
        self.ids = list(ids)
        self.names = list(names)
        self.split = None if split is None else list(split)
        self.same: dict[str, list[int]] = defaultdict(list)
        self.blank: list[str] = []

    def add(self, i: int, fingerprint: str, blank: bool) -> None:
        """One more picture."""
        if blank:
            self.blank.append(self.ids[i])
        else:
            self.same[fingerprint].append(i)

    def report(self, report: Report) -> None:
        """Add what was found."""
        if self.blank:
            text = f"{and_more(self.blank)} are of a single colour: look at them, and remove them"
            report.add("warning", "images", text)
        doubles = [rows for rows in self.same.values() if len(rows) > 1]
        differ = [rows for rows in doubles if len({self.names[i] for i in rows}) > 1]
        across = [rows for rows in doubles if self.split and len({self.split[i] for i in rows}) > 1]
        for level, found, words in (
            ("error", differ, "are the same picture under two classes: correct or remove one"),
            ("error", across, "are the same picture in both parts: remove one, or give them one group"),
            ("warning", doubles, "are the same picture: remove all but one, or give them one group"),
        ):
            if found:
                example = " = ".join(self.ids[i] for i in found[0][:3])
                report.add(level, "duplicates", f"{len(found)} picture(s), such as {example}, {words}")
