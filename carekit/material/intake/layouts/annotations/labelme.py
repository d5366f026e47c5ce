"""labelme: NAME.json for each image, with shapes in pixels."""

from collections.abc import Iterator
from math import dist
from typing import Any

from carekit.material.intake.layouts.annotations.place import Corners, Format, Mark, Place, around_points, frame_of


def _find(place: Place) -> list[str]:
    return [name for name in place.ending(".json") if _is_labelme(place.json(name))]


def _is_labelme(data: Any) -> bool:
    return isinstance(data, dict) and isinstance(data.get("shapes"), list) and "imagePath" in data


def _read(place: Place, names: list[str]) -> Iterator[Mark]:
    for name, image in place.belonging(names, "labelme file(s)").items():
        data = place.json(name)
        frame = frame_of(data.get("imageWidth"), data.get("imageHeight"))
        for shape in data["shapes"]:
            try:
                corners = _corners(shape)
                label = str(shape.get("label") or "")
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                raise ValueError(f"{name} has a shape that is none ({error!r}): correct or remove it") from None
            yield Mark(image, corners, frame, label)


def _corners(shape: dict) -> Corners:
    points = shape["points"]
    if shape.get("shape_type") == "circle":
        (x, y), edge = points
        radius = dist((x, y), edge)
        return x - radius, y - radius, x + radius, y + radius
    return around_points(points)


LABELME = Format("labelme files", _find, _read)
