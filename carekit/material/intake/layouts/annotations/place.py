"""What all readers of annotations share: the source, the images in it, and a box as a reader hands it on."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from carekit.ground.plain_json import parse
from carekit.material.intake.layouts.annotations.shapes import AS_IS, Corners
from carekit.material.intake.layouts.layout import Faults, and_more, besides_first
from carekit.material.intake.layouts.matching import Images
from carekit.material.intake.sources import Source


class AnnotatedBox(NamedTuple):
    """A box as a file of annotations gives it.

    Args:
        file: that file.
        named: how the file names the image; "" if the file belongs to the image by its own name.
        corners: x0, y0, x1, y1 in the frame.
        frame: width and height of the picture that the box was drawn in.
        category: what is in the box; "" if that is not stated.
    """

    file: str
    named: str
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
        boxes_in: "pixels", "percent" or "shares" of the image for tables; "" to find out by the numbers.
    """

    def __init__(self, files: Source, faults: Faults, images: Images, classes: Sequence[str], boxes_in: str = ""):
        self.files = files
        self.faults = faults
        self.images = images
        self.classes = classes
        self.boxes_in = boxes_in
        self.labels: list[str] = []  # the tables of labels
        self.used: list[str] = []  # files that boxes come from
        self.left: list[str] = []  # files of boxes that are not read, and why is in a note
        self.broken: list[str] = []  # files that look like annotations and cannot be read
        self.json = cache(self._json)

    def json_files(self, holds: Callable[[Any], bool], ending: str = ".json") -> list[str]:
        """The files of JSON whose content is of one format: `holds` says so."""
        return [name for name in self.ending(ending) if holds(self.json(name))]

    def ending(self, *endings: str) -> list[str]:
        """The files whose names end so."""
        return [name for name in self.files.names if name.lower().endswith(endings)]

    def text(self, name: str) -> str:
        """A file of text; bytes that are not UTF-8 are replaced."""
        return self.files.read(name).decode("utf-8-sig", "replace")

    def _json(self, name: str) -> Any:
        """A file of JSON, a list of its lines for .jsonl; None if it cannot be read."""
        try:
            text = self.files.read(name).decode("utf-8-sig")
            if name.lower().endswith(".jsonl"):
                return [parse(line) for line in text.splitlines() if line.strip()]
            return parse(text)
        except ValueError:
            self.broken.append(name)
            return None

    def named(self, names: Iterable[str], near: str) -> list[str]:
        """The image of each name in the file `near`; names of no image are missed, all in one sentence."""
        names = list(names)
        images = [self.images.named(name, near) for name in names]
        lost = [name for name, image in zip(names, images, strict=True) if not image]
        if lost:
            self.miss(near, lost, f"which has no label{{}}{self.images.hint(lost[0])}: add the label or remove the box")
        return images

    def miss(self, where: str, lost: Sequence[str], words: str) -> None:
        """Miss the boxes of these names; `words` has a place for how many there are besides the first."""
        words = words.replace("{}", besides_first(len(lost)))
        sentence = f"{where}: there is a box for {lost[0]!r}, {words}"
        self.faults.miss(sentence, list(lost), "a box without an image")

    def belonging(
        self, names: Sequence[str], what: str, stem: Callable[[str], str] = lambda name: ""
    ) -> dict[str, str]:
        """file -> image, for files that hold the boxes of one image each; those that fit none are missed."""
        flat = len({name.rpartition("/")[0] for name in names}) == 1
        owners = {name: self.images.beside(name, stem(name), flat) for name in names}
        lost = [name for name, image in owners.items() if not image]
        if lost:
            hint = self.images.hint(stem(lost[0]) or lost[0].rpartition("/")[2].rpartition(".")[0])
            words = f"{and_more(lost, what)} fit no image{hint}: name each as its image, in a folder next to it"
            self.faults.miss(words, lost, "it fits no image")
        return {name: image for name, image in owners.items() if image}


class Format(NamedTuple):
    """A way to store boxes.

    Args:
        name: for people.
        find: the files of this format in a place, recognised by their content.
        read: their boxes. Raises ValueError, naming the file.
        one_each: how people call its files, if each holds the boxes of the image that has its name.
    """

    name: str
    find: Callable[[Place], list[str]]
    read: Callable[[Place, list[str]], Iterable[AnnotatedBox]]
    one_each: str = ""
