"""CreateML: one .json file with a list of images, and boxes by their centre and sides in pixels."""

from collections.abc import Iterator
from typing import Any

from carekit.material.intake.layouts.annotations import shapes
from carekit.material.intake.layouts.annotations.place import AnnotatedBox, Format, Place


def find(place: Place) -> list[str]:
    return place.json_files(_is_createml)


def _is_createml(data: Any) -> bool:
    entries = data if isinstance(data, list) else []
    return bool(entries) and all(isinstance(each, dict) and {"image", "annotations"} <= set(each) for each in entries)


def read(place: Place, names: list[str]) -> Iterator[AnnotatedBox]:
    for name in names:
        for entry in place.json(name):
            with shapes.expected(f"{name} has a box of another form"):
                for shape in entry["annotations"]:
                    box = shape["coordinates"]
                    corners = shapes.around_centre(box["x"], box["y"], box["width"], box["height"])
                    yield AnnotatedBox(name, str(entry["image"]), corners, shapes.AS_IS, str(shape.get("label", "")))


CREATEML = Format("a CreateML file", find, read)
