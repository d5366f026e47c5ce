"""CreateML: one .json file with a list of images, and boxes by their centre and sides in pixels."""

from collections.abc import Iterator
from typing import Any

from carekit.material.intake.layouts.annotations.place import (
    AS_IS,
    WRONG_FORM,
    AnnotatedBox,
    Format,
    Place,
    around_centre,
)


def _find(place: Place) -> list[str]:
    return [name for name in place.ending(".json") if _is_createml(place.json(name))]


def _is_createml(data: Any) -> bool:
    entries = data if isinstance(data, list) else []
    return bool(entries) and all(isinstance(each, dict) and {"image", "annotations"} <= set(each) for each in entries)


def _read(place: Place, names: list[str]) -> Iterator[AnnotatedBox]:
    for name in names:
        for entry in place.json(name):
            try:
                for shape in entry["annotations"]:
                    box = shape["coordinates"]
                    corners = around_centre(box["x"], box["y"], float(box["width"]) / 2, float(box["height"]) / 2)
                    yield AnnotatedBox(name, str(entry["image"]), corners, AS_IS, str(shape.get("label", "")))
            except WRONG_FORM as error:
                raise ValueError(f"{name} has a box of another form ({error!r}): export it as COCO") from None


CREATEML = Format("a CreateML file", _find, _read)
