"""labelme: NAME.json for each image, with shapes in pixels."""

from collections.abc import Iterator
from math import dist

from carekit.material.intake.layouts.annotations.place import (
    WRONG_FORM,
    AnnotatedBox,
    Format,
    Place,
    around_centre,
    around_points,
    frame_of,
)


def _find(place: Place) -> list[str]:
    read = {name: place.json(name) for name in place.ending(".json")}
    return [
        name
        for name, data in read.items()
        if isinstance(data, dict) and isinstance(data.get("shapes"), list) and "imagePath" in data
    ]


def _read(place: Place, names: list[str]) -> Iterator[AnnotatedBox]:
    for name in names:
        data = place.json(name)
        frame = frame_of(data.get("imageWidth"), data.get("imageHeight"))
        for shape in data["shapes"]:
            try:
                points = shape["points"]
                if shape.get("shape_type") == "circle":
                    centre, edge = points
                    corners = around_centre(*centre, *[dist(centre, edge)] * 2)
                else:
                    corners = around_points(points)
                yield AnnotatedBox(name, "", corners, frame, str(shape.get("label") or ""))
            except WRONG_FORM as error:
                raise ValueError(f"{name} has a shape that is none ({error!r}): correct or remove it") from None


LABELME = Format("labelme files", _find, _read, "labelme file(s)")
