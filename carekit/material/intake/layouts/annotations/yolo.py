"""YOLO: NAME.txt for each image, a line for each box, in shares of the image: class cx cy w h, or class and a polygon.

A sixth number is a confidence. The names of the classes are in data.yaml, classes.txt or obj.names.
"""

import re
from collections.abc import Iterator

from carekit.material.intake.layouts.annotations import shapes
from carekit.material.intake.layouts.annotations.place import AnnotatedBox, Format, Place

_NAMES = ("classes.txt", "obj.names", "_darknet.labels")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
_KEY_POINTS = "export boxes or polygons"


def find(place: Place) -> list[str]:
    """The files next to images, or in a folder labels/, of which at least half hold numbers alone."""
    known = {image.rpartition("/")[2].rpartition(".")[0] for image in place.images.files}
    lines: dict[str, list[list[str]]] = {}
    for name in place.ending(".txt"):
        last = name.rpartition("/")[2]
        in_labels = "labels" in name.lower().split("/")[:-1]
        if last.lower() not in _NAMES and (last[:-4] in known or in_labels):
            lines[name] = _lines(place, name)
    filled = [name for name in lines if lines[name]]
    starting = [name for name in filled if _NUMBER.match(lines[name][0][0])]
    numbers = [name for name in filled if all(map(_NUMBER.match, (word for line in lines[name] for word in line)))]
    # A file with a slip is still one of these; a report that begins with a number is none.
    if numbers and 2 * len(numbers) >= len(starting) or len(starting) == len(filled) > 0:
        return [name for name in lines if not lines[name] or name in set(starting)]
    return []


def _lines(place: Place, name: str) -> list[list[str]]:
    return [line.split() for line in place.text(name).splitlines() if line.strip()]


def read(place: Place, names: list[str]) -> Iterator[AnnotatedBox]:
    names_of_numbers = {str(number): name for number, name in enumerate(_classes(place))}
    parsed: list[tuple[str, int, str, list[float]]] = []
    for name in names:
        for number, words in enumerate(_lines(place, name), 1):
            try:
                parsed.append((name, number, words[0], [float(word) for word in words[1:]]))
            except ValueError:
                where = f"{name}, line {number}"
                raise ValueError(f"{where}: these are not all finite numbers: it must be class cx cy w h") from None
    lengths = {len(values) for *_, values in parsed}
    if len(parsed) > 1 and len(lengths) == 1 and max(lengths) > 9 and not place.ending(".yaml", ".yml"):
        # Polygons have as many points as they need; a box and key points always as many.
        why = f"each line has {max(lengths)} numbers after the class, as a box with key points has"
        raise ValueError(f"{parsed[0][0]}: {why}: {_KEY_POINTS}, or add data.yaml if these are polygons")
    for name, number, word, values in parsed:
        if len(values) in (4, 5):
            corners = shapes.around_centre(*values[:4])
        elif len(values) >= 6 and len(values) % 2 == 0:
            corners = shapes.around_points(list(zip(values[::2], values[1::2], strict=True)))
        else:
            raise ValueError(
                f"{name} is no YOLO file: line {number} is neither class cx cy w h nor class and a polygon"
            )
        if not all(-1e-6 <= value <= 1 + 1e-6 for value in values):
            advice = "the box is not in shares from 0 to 1: divide by the width and height of the image"
            raise ValueError(f"{name}, line {number}: {advice}")
        yield AnnotatedBox(name, "", corners, shapes.SHARES, names_of_numbers.get(word.removesuffix(".0"), word))


def _classes(place: Place) -> list[str]:
    """The names of the classes, in the order of their numbers."""
    for name in place.ending(*_NAMES):
        return [line.strip() for line in place.text(name).splitlines() if line.strip()]
    for name in place.ending(".yaml", ".yml"):
        text = place.text(name)
        if "kpt_shape" in text:
            raise ValueError(f"{name} describes key points: {_KEY_POINTS}")
        inline = re.search(r"^names:[ \t]*\[(.*?)\]", text, re.M | re.S)
        listed = re.search(r"^names:[ \t]*\n((?:[ \t]*(?:-|\d+:)[^\n]*\n?)+)", text, re.M)
        names: list[str] = []
        if inline:
            names = inline[1].split(",")
        elif listed:
            names = listed[1].splitlines()
        if names:
            return [re.sub(r"^[ \t]*(-|\d+:)", "", each).strip().strip("'\"") for each in names]
    return []


YOLO = Format("YOLO files", find, read, "label file(s)")
