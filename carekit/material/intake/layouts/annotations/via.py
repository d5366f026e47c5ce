"""VGG Image Annotator: one .json file, or a project, with regions for each file."""

from collections.abc import Iterator
from typing import Any

from carekit.material.intake.layouts.annotations.place import AS_IS, Corners, Format, Mark, Place, around_points


def _find(place: Place) -> list[str]:
    return [name for name in place.ending(".json") if _entries(place.json(name))]


def _entries(data: Any) -> list[dict]:
    """An entry for each image, none where it is not a file of this tool."""
    if not isinstance(data, dict):
        return []
    data = data.get("_via_img_metadata", data)
    entries = list(data.values()) if isinstance(data, dict) else []
    fit = all(isinstance(each, dict) and "filename" in each and "regions" in each for each in entries)
    return entries if fit else []


def _read(place: Place, names: list[str]) -> Iterator[Mark]:
    for name in names:
        regions = [
            (str(entry["filename"]), region) for entry in _entries(place.json(name)) for region in _regions(entry)
        ]
        images = place.named(((file, file) for file, _ in regions), name)
        for (file, region), image in zip(regions, images, strict=True):
            try:
                corners = _corners(region["shape_attributes"])
                about = region.get("region_attributes") or {}
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                raise ValueError(f"{name}: a region of {file!r} is none ({error!r}): correct or remove it") from None
            category = str(next(iter(about.values()), "")) if isinstance(about, dict) else ""
            if image:
                yield Mark(image, corners, AS_IS, category)


def _regions(entry: dict) -> list[Any]:
    regions = entry["regions"]  # a list, and in the tool's first version an object
    return list(regions.values()) if isinstance(regions, dict) else list(regions or ())


def _corners(shape: dict) -> Corners:
    kind = shape["name"]
    if kind == "rect":
        x, y, w, h = (float(shape[each]) for each in ("x", "y", "width", "height"))
        return x, y, x + w, y + h
    if kind in ("circle", "ellipse"):
        x, y = float(shape["cx"]), float(shape["cy"])
        rx, ry = (float(shape.get(each, shape.get("r", "none"))) for each in ("rx", "ry"))
        return x - rx, y - ry, x + rx, y + ry
    return around_points(list(zip(shape["all_points_x"], shape["all_points_y"], strict=True)))


VIA = Format("a VIA file", _find, _read)
