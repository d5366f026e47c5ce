"""VGG Image Annotator: one .json file, or a project, with regions for each file."""

from collections.abc import Iterator
from typing import Any

from carekit.material.intake.layouts.annotations.place import (
    AS_IS,
    WRONG_FORM,
    AnnotatedBox,
    Corners,
    Format,
    Place,
    around_centre,
    around_points,
    from_sides,
)


def _find(place: Place) -> list[str]:
    return [name for name in place.ending(".json") if _entries(place.json(name))]


def _entries(data: Any) -> list[dict]:
    """An entry for each image; none if it is not a file of this tool."""
    if not isinstance(data, dict):
        return []
    data = data.get("_via_img_metadata", data)
    entries = list(data.values()) if isinstance(data, dict) else []
    fit = all(isinstance(each, dict) and "filename" in each and "regions" in each for each in entries)
    return entries if fit else []


def _read(place: Place, names: list[str]) -> Iterator[AnnotatedBox]:
    for name in names:
        for entry in _entries(place.json(name)):
            file = str(entry["filename"])
            try:
                regions = entry["regions"] or ()  # a list, and in the tool's first version an object
                for region in regions.values() if isinstance(regions, dict) else regions:
                    attributes = region.get("region_attributes")
                    category = str(next(iter(attributes.values()), "")) if isinstance(attributes, dict) else ""
                    yield AnnotatedBox(name, file, _corners(region["shape_attributes"]), AS_IS, category)
            except WRONG_FORM as error:
                raise ValueError(f"{name}: a region of {file!r} is none ({error!r}): correct or remove it") from None


def _corners(shape: dict) -> Corners:
    if shape["name"] == "rect":
        return from_sides(shape["x"], shape["y"], shape["width"], shape["height"])
    if shape["name"] == "circle":
        return around_centre(shape["cx"], shape["cy"], shape["r"], shape["r"])
    if shape["name"] == "ellipse":
        return around_centre(shape["cx"], shape["cy"], shape["rx"], shape["ry"])
    return around_points(list(zip(shape["all_points_x"], shape["all_points_y"], strict=True)))


VIA = Format("a VIA file", _find, _read)
