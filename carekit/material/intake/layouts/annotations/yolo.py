"""YOLO: NAME.txt for each image, a line for each box, in shares of the image: class cx cy w h, or class and a polygon.

A sixth number is a confidence. The names of the classes stand in data.yaml, classes.txt or obj.names.
"""

import re
from collections.abc import Iterator

from carekit.material.intake.layouts.annotations.place import SHARES, Format, Mark, Place, around_points

_NAMES = ("classes.txt", "obj.names", "_darknet.labels")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")


def _find(place: Place) -> list[str]:
    """The files beside images, or in a folder labels/, of which at least half hold numbers alone."""
    texts = [name for name in place.ending(".txt") if name.rpartition("/")[2].lower() not in _NAMES]
    known = {image.rpartition("/")[2].rpartition(".")[0] for image in place.images.files}
    fit = [name for name in texts if name.rpartition("/")[2][:-4] in known or _in_labels(name)]
    lines = {name: _lines(place, name) for name in fit}
    filled = [name for name in fit if lines[name]]
    numbers = [name for name in filled if all(_NUMBER.match(word) for line in lines[name] for word in line)]
    starting = [name for name in filled if _NUMBER.match(lines[name][0][0])]
    if numbers and 2 * len(numbers) >= len(starting) or len(starting) == len(filled) > 0:
        return [name for name in fit if not lines[name] or name in set(starting)]
    return []


def _in_labels(name: str) -> bool:
    return "labels" in name.lower().split("/")[:-1]


def _lines(place: Place, name: str) -> list[list[str]]:
    return [line.split() for line in place.text(name).splitlines() if line.strip()]


def _read(place: Place, names: list[str]) -> Iterator[Mark]:
    classes = _classes(place)
    for name, image in place.belonging(names, "label file(s)").items():
        for number, line in enumerate(_lines(place, name), 1):
            yield _mark(name, number, line, image, classes)


def _mark(name: str, number: int, words: list[str], image: str, classes: list[str]) -> Mark:
    where = f"{name}, line {number}"
    try:
        values = [float(word) for word in words[1:]]
    except ValueError:
        raise ValueError(f"{where}: these are not all finite numbers: it must be class cx cy w h") from None
    if len(values) in (4, 5):
        cx, cy, w, h = values[:4]
        corners = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
    elif len(values) >= 6 and len(values) % 2 == 0:
        corners = around_points(list(zip(values[::2], values[1::2], strict=True)))
    else:
        raise ValueError(f"{name} is no YOLO file: line {number} is neither class cx cy w h nor class and a polygon")
    if not all(-1e-6 <= value <= 1 + 1e-6 for value in values):
        raise ValueError(f"{where}: the box is not in shares from 0 to 1: divide by the width and height of the image")
    index = int(float(words[0])) if _NUMBER.match(words[0]) and float(words[0]).is_integer() else -1
    return Mark(image, corners, SHARES, classes[index] if 0 <= index < len(classes) else words[0])


def _classes(place: Place) -> list[str]:
    """The names of the classes, in the order of their numbers."""
    for name in place.ending(*_NAMES):
        return [line.strip() for line in place.text(name).splitlines() if line.strip()]
    for name in place.ending(".yaml", ".yml"):
        text = place.text(name)
        if "kpt_shape" in text:
            raise ValueError(f"{name} describes key points: export boxes or polygons")
        inline = re.search(r"^names:[ \t]*\[(.*?)\]", text, re.M | re.S)
        listed = re.search(r"^names:[ \t]*\n((?:[ \t]*(?:-|\d+:)[^\n]*\n?)+)", text, re.M)
        if inline:
            return [_unquoted(each) for each in inline[1].split(",")]
        if listed:
            return [_unquoted(re.sub(r"^[ \t]*(-|\d+:)", "", line)) for line in listed[1].splitlines()]
    return []


def _unquoted(text: str) -> str:
    return text.strip().strip("'\"")


YOLO = Format("YOLO files", _find, _read)
