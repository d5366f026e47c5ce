"""What all readers of annotations share: the source, the images in it, and a box as they hand it on."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from carekit.ground.plain_json import parse
from carekit.material.intake.layouts.layout import Faults
from carekit.material.intake.layouts.matching import Images
from carekit.material.intake.sources import Source

NAN = float("nan")
AS_IS = (NAN, NAN)  # the frame of a box in the pixels of the image's file
SHARES = (1.0, 1.0)  # the frame of a box in shares of the image

Corners = tuple[float, float, float, float]


class Mark(NamedTuple):
    """A box: the file of its image, x0, y0, x1, y1, width and height of the picture it was drawn in, its category."""

    image: str
    corners: Corners
    frame: tuple[float, float] = AS_IS
    category: str = ""


class Place:
    """A source with its images.

    Args:
        files: the source.
        faults: what is done about faults.
        images: those that have a label.
        classes: of the images.
        boxes_in: "pixels", "percent" or "shares" of the image for tables, "" where they must tell themselves.
    """

    def __init__(self, files: Source, faults: Faults, images: Images, classes: Sequence[str], boxes_in: str = ""):
        self.files = files
        self.faults = faults
        self.images = images
        self.classes = classes
        self.boxes_in = boxes_in
        self.broken: list[str] = []  # files that look like annotations and cannot be read
        self.json = cache(self._json)

    def ending(self, *endings: str) -> list[str]:
        """The files whose names end so."""
        return [name for name in self.files.names if name.lower().endswith(endings)]

    def text(self, name: str) -> str:
        """A file of text; what is no UTF-8 in it is replaced."""
        return self.files.read(name).decode("utf-8-sig", "replace")

    def _json(self, name: str) -> Any:
        """A file of JSON, None where it cannot be read."""
        try:
            return parse(self.files.read(name).decode("utf-8-sig"))
        except ValueError:
            self.broken.append(name)
            return None

    def named(self, names: Iterable[tuple[str, str]], near: str) -> Iterator[str]:
        """For each (what it is of, name) the image that is meant; those that mean none are missed, all at once."""
        lost: list[str] = []
        for name in names:
            image = self.images.named(name[1], near)
            if not image:
                lost.append(name[1])
            yield image
        self.tell_lost(near, lost)

    def tell_lost(self, where: str, lost: Sequence[str]) -> None:
        """Miss the boxes whose images are not there, or are not clear."""
        if lost:
            more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
            words = f"there is a box for {lost[0]!r}, which has no label{more}{self.images.hint(lost[0])}"
            self.faults.miss(f"{where}: {words}: add the label or remove the box", list(lost), "a box without an image")

    def belonging(
        self, names: Sequence[str], what: str, stem: Callable[[str], str] = lambda name: ""
    ) -> dict[str, str]:
        """file -> image, for files that hold the boxes of one image each; those that fit none are missed."""
        flat = len({name.rpartition("/")[0] for name in names}) == 1
        found = {name: self.images.beside(name, stem(name), flat) for name in names}
        lost = [name for name, image in found.items() if not image]
        if lost:
            words = f"{len(lost)} {what} ({', '.join(lost[:3])}{', ...' if len(lost) > 3 else ''}) fit no image"
            hint = self.images.hint(stem(lost[0]) or lost[0].rpartition("/")[2].rpartition(".")[0])
            self.faults.miss(f"{words}{hint}: name each as its image, in a folder beside it", lost, "it fits no image")
        return {name: image for name, image in found.items() if image}


class Format(NamedTuple):
    """A way to store boxes.

    Args:
        name: for people.
        find: the files of this format in a place, told by what they hold.
        read: their boxes. Raises ValueError, naming the file.
    """

    name: str
    find: Callable[[Place], list[str]]
    read: Callable[[Place, list[str]], Iterable[Mark]]


def around_points(points: Sequence[Sequence[Any]]) -> Corners:
    """The box around points (x, y). Raises ValueError or TypeError where they are not points."""
    xs = [float(x) for x, _ in points]
    ys = [float(y) for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def frame_of(width: Any, height: Any) -> tuple[float, float]:
    """The frame that an annotation states; `AS_IS` where it states none."""
    try:
        w, h = float(width), float(height)
    except (TypeError, ValueError):
        return AS_IS
    return (w, h) if 0 < w < 1e9 and 0 < h < 1e9 else AS_IS
