"""labelme: NAME.json for each image, with shapes in pixels."""

from collections.abc import Iterator
from math import dist
from typing import Any

from carekit.material.intake.layouts.annotations import shapes
from carekit.material.intake.layouts.annotations.place import AnnotatedBox, Format, Place


def find(place: Place) -> list[str]:
    return place.json_files(_is_labelme)


def _is_labelme(data: Any) -> bool:
    return isinstance(data, dict) and isinstance(data.get("shapes"), list) and "imagePath" in data


def read(place: Place, names: list[str]) -> Iterator[AnnotatedBox]:
    for name in names:
        data = place.json(name)
        frame = shapes.frame_of(data.get("imageWidth"), data.get("imageHeight"))
        for shape in data["shapes"]:
            with shapes.expected(f"{name} has a shape that is none"):
                points = shape["points"]
                corners = shapes.around_points(points)
                if shape.get("shape_type") == "circle":
                    centre, edge = points
                    corners = shapes.around_centre(*centre, *[2 * dist(centre, edge)] * 2)
                yield AnnotatedBox(name, "", corners, frame, str(shape.get("label") or ""))


LABELME = Format("labelme files", find, read, "labelme file(s)")
