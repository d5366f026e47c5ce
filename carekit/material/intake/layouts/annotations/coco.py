"""COCO: one or more .json files with "images" and "annotations", bbox as x, y, width, height in pixels."""

from collections.abc import Iterator
from typing import Any

from carekit.material.intake.layouts.annotations.place import Corners, Format, Mark, Place, around_points, frame_of

_FAULTS = (KeyError, TypeError, ValueError, OverflowError, AttributeError)


def _find(place: Place) -> list[str]:
    return [name for name in place.ending(".json") if _is_coco(place.json(name))]


def _is_coco(data: Any) -> bool:
    """Whether it has annotations with boxes or outlines; captions and the like have none."""
    annotations = data.get("annotations") if isinstance(data, dict) else None
    if not isinstance(annotations, list):
        return False
    some = [each for each in annotations if isinstance(each, dict)]
    return any("bbox" in each or "segmentation" in each for each in some) or not annotations and "images" in data


def _read(place: Place, names: list[str]) -> Iterator[Mark]:
    seen: set[tuple] = set()
    for name in names:
        marks = list(_marks(place, name, place.json(name)))
        yield from (mark for mark in marks if mark[:2] + mark[3:] not in seen)  # of two files that overlap
        seen |= {mark[:2] + mark[3:] for mark in marks}


def _marks(place: Place, name: str, coco: dict) -> Iterator[Mark]:
    try:
        images = {_id(image["id"]): image for image in coco["images"]}
        categories = {_id(each["id"]): str(each.get("name", each["id"])) for each in coco.get("categories") or ()}
        shapes = [(each, _corners(name, each)) for each in coco["annotations"]]
        owners = [_id(each["image_id"]) for each, _ in shapes]
        named = [str(images[owner]["file_name"]) if owner in images else owner for owner in owners]
    except _FAULTS as error:
        words = str(error) if isinstance(error, _Shape) else f"{name} is no COCO file ({error!r})"
        need = "it needs images with id and file_name, and annotations with image_id and bbox"
        raise ValueError(f"{words}: {need}") from None
    empty = sum(corners is None for _, corners in shapes)
    if empty:
        place.faults.note(f"{name}: {empty} annotation(s) have no box, as a tag of a whole image has none")
    corners_in_bbox = _hold_corners([each for each, corners in shapes if corners])
    if corners_in_bbox:
        place.faults.note(f"{name}: bbox holds two corners, as the areas show, and not a corner and sides: read so")
    found = place.named([(owner, each) for owner, each in zip(owners, named, strict=True)], name)
    for owner, image, (each, corners) in zip(owners, found, shapes, strict=True):
        if corners and image:
            frame = frame_of(images[owner].get("width"), images[owner].get("height"))
            x, y, w, h = corners[0], corners[1], corners[2] - corners[0], corners[3] - corners[1]
            box = (x, y, w, h) if corners_in_bbox else corners
            yield Mark(image, box, frame, categories.get(_id(each.get("category_id")), ""))


class _Shape(ValueError):
    """What is wrong with one annotation."""


def _corners(name: str, annotation: dict) -> Corners | None:
    """The box of an annotation, from its outline where it has no bbox; None where it has neither."""
    bbox = annotation.get("bbox")
    if bbox:
        try:
            x, y, w, h = map(float, bbox)
        except _FAULTS:
            raise _Shape(f"{name}: bbox {str(bbox)[:60]} of annotation {annotation.get('id')!r} is no box") from None
        return x, y, x + w, y + h
    outline = annotation.get("segmentation")
    if isinstance(outline, list) and any(outline):
        flat = [number for polygon in outline for number in polygon]
        return around_points(list(zip(flat[::2], flat[1::2], strict=True)))
    if isinstance(outline, dict):
        raise _Shape(f"{name}: annotation {annotation.get('id')!r} has a packed mask and no bbox: export it with bbox")
    return None


def _hold_corners(annotations: list[dict]) -> bool:
    """Whether the areas fit only if bbox is x0, y0, x1, y1, in all annotations that have both."""
    pairs = [(each["bbox"], each.get("area")) for each in annotations if each.get("bbox")]
    known = [(box, area) for box, area in pairs if isinstance(area, int | float) and area > 0]
    return bool(known) and all(
        abs(float(c) * float(d) - area) > 0.01 * area
        and abs((float(c) - float(a)) * (float(d) - float(b)) - area) < 0.01 * area
        and float(c) > float(a)
        for (a, b, c, d), area in known
    )


def _id(value: Any) -> str:
    """An id as text: some tools write 7 here and "7" there."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


COCO = Format("a COCO file", _find, _read)
