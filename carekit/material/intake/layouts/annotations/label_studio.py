"""Label Studio: one .json file with a list of tasks; rectangles and polygons in per cents of the image."""

import re
from collections.abc import Iterator
from math import cos, radians, sin
from typing import Any

from carekit.material.intake.layouts.annotations import shapes
from carekit.material.intake.layouts.annotations.place import AnnotatedBox, Format, Place
from carekit.material.intake.layouts.matching import clean


def find(place: Place) -> list[str]:
    return place.json_files(_is_tasks)


def _is_tasks(data: Any) -> bool:
    return bool(data) and isinstance(data, list) and all(isinstance(task, dict) and "data" in task for task in data)


def read(place: Place, names: list[str]) -> Iterator[AnnotatedBox]:
    for name in names:
        for task in place.json(name):
            several = ""
            with shapes.expected(f"{name} has a task of another form"):
                image = _image(place, task)
                drawn = [each["result"] for each in task.get("annotations", ()) if each["result"]]
                several = image * (len(drawn) > 1)
                for shape in drawn[0] if drawn else ():
                    kind, value = shape["type"], shape["value"]
                    if kind in ("rectanglelabels", "polygonlabels"):
                        x0, y0, x1, y1 = (side / 100 for side in _corners(value))
                        yield AnnotatedBox(name, image, (x0, y0, x1, y1), shapes.SHARES, str(value[kind][0]))
            if several:
                place.faults.refuse(f"{name}: two people or more have drawn on {several}: keep one annotation each")


def _image(place: Place, task: dict) -> str:
    """The name of a task's image, without the letters that the tool puts before it on upload."""
    stated = next(str(value) for value in task["data"].values() if isinstance(value, str))
    name = clean(stated).rpartition("/")[2]
    if "?d=" in stated:
        return stated
    bare = re.sub(r"^[0-9a-z]{4,8}-", "", name)
    return name if place.images.knows(name) or not place.images.knows(bare) else bare


def _corners(value: dict) -> shapes.Corners:
    if "points" in value:
        return shapes.around_points(value["points"])
    x, y, w, h = (float(value[side]) for side in ("x", "y", "width", "height"))
    turn = radians(float(value.get("rotation") or 0))  # around the corner x, y
    corners = [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)]
    return shapes.around_points(
        [(x + a * cos(turn) - b * sin(turn), y + a * sin(turn) + b * cos(turn)) for a, b in corners]
    )


LABEL_STUDIO = Format("a Label Studio file", find, read)
