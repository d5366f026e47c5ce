"""Images that are the same pixel by pixel or to the eye, and images that show nothing."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from PIL import Image

from carekit.material.intake.doctor.report import Report
from carekit.material.intake.layouts.layout import and_more

ROWS = 256  # of an image that are looked at together
ACROSS, DOWN = 9, 8  # cells of the small picture by which copies are found that were saved again or made smaller
ALIKE = 4.0  # grey levels by which the cells of two small pictures differ on average, if they show the same
FLAT = 8.0  # grey levels: pictures whose cells vary less show too little to be compared
CROWD = 50  # pictures with the same cells: more of them are of one kind of picture, and not of one picture


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


def small(image: Image.Image) -> bytes:
    """An image as 8 rows of 9 grey cells, which stay nearly the same when it is compressed or scaled."""
    return image.resize((ACROSS, DOWN), Image.Resampling.BOX).convert("L").tobytes()


def small_of_all(images: UInt8[np.ndarray, "n h w 3"]) -> UInt8[np.ndarray, "n 8 9"]:
    """Many images of one size as `small` has one, of their green alone and at most 192 pixels a side, to be quick."""
    step = 1 + images.shape[1] // 192
    green = images[:, ::step, ::step, 1].astype(np.float32)  # (n, h, w)
    rows, columns = (np.arange(n) * green.shape[axis] // n for axis, n in ((1, DOWN), (2, ACROSS)))
    sums = np.add.reduceat(np.add.reduceat(green, rows, axis=1), columns, axis=2)  # (n, 8, 9)
    tall, wide = (np.diff(starts, append=green.shape[axis]) for axis, starts in ((1, rows), (2, columns)))
    return (sums / np.outer(tall, wide)).astype(np.uint8)


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
        self.small: dict[int, bytes] = {}

    def add(self, i: int, fingerprint: str, blank: bool, cells: bytes = b"") -> None:
        """One more picture, with what `look_at` gives of it, and `small`."""
        if blank:
            self.blank.append(self.ids[i])
        else:
            self.same[fingerprint].append(i)
            if cells and self.same[fingerprint][0] == i:
                self.small[i] = cells

    def alike_across(self) -> list[tuple[str, str]]:
        """Pairs of images in different parts that show the same though their pixels differ."""
        if not self.split or not self.small:
            return []
        rows = np.array(list(self.small))
        cells = np.frombuffer(b"".join(self.small.values()), np.uint8).reshape(-1, DOWN, ACROSS).astype(int)
        rows, cells = rows[cells.std(axis=(1, 2)) >= FLAT], cells[cells.std(axis=(1, 2)) >= FLAT]
        # A bit for each cell that is lighter than the one before: (n, 8, 8) -> four numbers of 16 bits an image. Images
        # that differ in three bits at most share one of them.
        words = np.packbits(cells[:, :, 1:] > cells[:, :, :-1], axis=2).reshape(-1, 4, 2)
        alike: dict[tuple[str, int, int], list[int]] = defaultdict(list)
        for at, of_image in enumerate(words.tolist()):
            for place, (high, low) in enumerate(of_image):
                alike[str(place), high, low].append(at)
        is_test = [self.split[row] == "test" for row in rows]
        pairs = set()
        for crowd in alike.values():
            tests = [at for at in crowd if is_test[at]]
            others = [at for at in crowd if not is_test[at]]
            if not tests or not others or len(crowd) > CROWD:
                continue
            for at in tests:
                near = np.abs(cells[others] - cells[at]).mean(axis=(1, 2)) <= ALIKE
                pairs |= {(self.ids[rows[other]], self.ids[rows[at]]) for other in np.array(others)[near]}
        return sorted(pairs)

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
        pairs = self.alike_across()
        if pairs:
            words = "look the same but for compression or size, in both parts: look at them, and give copies one group"
            report.add("warning", "duplicates", f"{len(pairs)} pair(s), such as {' and '.join(pairs[0])}, {words}")
