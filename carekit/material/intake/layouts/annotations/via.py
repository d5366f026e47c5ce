"""VGG Image Annotator: one .json file, or a project, with regions for each file."""

from collections.abc import Iterator
from typing import Any

from carekit.material.intake.layouts.annotations import shapes
from carekit.material.intake.layouts.annotations.place import AnnotatedBox, Format, Place


def find(place: Place) -> list[str]:
    return place.json_files(lambda data: bool(_entries(data)))


def _entries(data: Any) -> list[dict]:
    """An entry for each image; none if it is not a file of this tool."""
    if not isinstance(data, dict):
        return []
    data = data.get("_via_img_metadata", data)
    entries = list(data.values()) if isinstance(data, dict) else []
    if all(isinstance(each, dict) and "filename" in each and "regions" in each for each in entries):
        return entries
    return []


def read(place: Place, names: list[str]) -> Iterator[AnnotatedBox]:
    for name in names:
        for entry in _entries(place.json(name)):
            file = str(entry["filename"])
            with shapes.expected(f"{name}: a region of {file!r} is none"):
                regions = entry["regions"] or ()  # a list, and in the tool's first version an object
                for region in regions.values() if isinstance(regions, dict) else regions:
                    category = ""
                    if isinstance(region.get("region_attributes"), dict):
                        category = str(next(iter(region["region_attributes"].values()), ""))
                    yield AnnotatedBox(name, file, _corners(region["shape_attributes"]), shapes.AS_IS, category)


def _corners(shape: dict) -> shapes.Corners:
    if shape["name"] == "rect":
        return shapes.from_sides(shape["x"], shape["y"], shape["width"], shape["height"])
    if shape["name"] in ("circle", "ellipse"):
        rx, ry = (shape[side] if side in shape else shape["r"] for side in ("rx", "ry"))
        return shapes.around_centre(shape["cx"], shape["cy"], 2 * float(rx), 2 * float(ry))
    return shapes.around_points(list(zip(shape["all_points_x"], shape["all_points_y"], strict=True)))


VIA = Format("a VIA file", find, read)
