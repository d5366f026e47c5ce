"""COCO: one or more .json files with "images" and "annotations", bbox as x, y, width, height in pixels."""

from collections.abc import Iterator
from typing import Any

from carekit.material.intake.layouts.annotations import shapes
from carekit.material.intake.layouts.annotations.place import AnnotatedBox, Format, Place


def find(place: Place) -> list[str]:
    names = []
    for name in place.ending(".json"):
        data = place.json(name)
        annotations = data.get("annotations") if isinstance(data, dict) else None
        if not isinstance(annotations, list):
            continue
        some = [each for each in annotations if isinstance(each, dict)]
        # Captions and the like have neither boxes nor outlines.
        boxed = any("bbox" in each or "segmentation" in each for each in some)
        if boxed and "images" in data and all("score" in each for each in some):
            place.faults.note(f"{name} is not read: each of its boxes has a score, so a model has drawn them")
            place.left.append(name)
        elif boxed and "item" not in data or not annotations and "images" in data:
            names.append(name)
    return names


def read(place: Place, names: list[str]) -> Iterator[AnnotatedBox]:
    for name in names:
        yield from _boxes(place, name, place.json(name))


def _boxes(place: Place, name: str, coco: dict) -> Iterator[AnnotatedBox]:
    images: dict[str, dict] = {}
    try:
        for image in coco["images"]:
            first = images.setdefault(_id(image["id"]), image)
            if str(first["file_name"]) != str(image["file_name"]):
                twice = f"image id {_id(image['id'])} is given to {first['file_name']} and to {image['file_name']}"
                place.faults.refuse(f"{name}: {twice}: give each image an id of its own")
                return
        categories = {_id(each["id"]): str(each.get("name", each["id"])) for each in coco.get("categories") or ()}
        annotations = [(_id(each["image_id"]), each) for each in coco["annotations"]]
    except (KeyError, TypeError, AttributeError) as error:
        need = "it needs images with id and file_name, and annotations with image_id and bbox"
        raise ValueError(f"{name} is no COCO file ({error!r}): {need}") from None
    drawn = [(owner, each, _corners(name, each)) for owner, each in annotations]
    empty = sum(corners is None for _, _, corners in drawn)
    if empty:
        place.faults.note(f"{name}: {empty} annotation(s) have no box, as a tag of a whole image has none")
    # An id is an id: it is never looked up among the names of files.
    orphans = [owner for owner, _, corners in drawn if corners and owner not in images]
    if orphans:
        words = f"which has no label{{}}: none of the {len(images)} images has this id: add the image or remove the box"
        place.miss(name, orphans, words)
    corners_in_bbox = _hold_corners([each for _, each, corners in drawn if corners])
    if corners_in_bbox:
        place.faults.note(f"{name}: bbox holds two corners, as the areas show, and not a corner and sides: read so")
    for owner, each, corners in drawn:
        if corners and owner in images:
            if corners_in_bbox and each.get("bbox"):
                x0, y0, x1, y1 = map(float, each["bbox"])
                corners = (x0, y0, x1, y1)
            image = images[owner]
            frame = shapes.frame_of(image.get("width"), image.get("height"))
            category = categories.get(_id(each.get("category_id")), "")
            yield AnnotatedBox(name, str(image["file_name"]), corners, frame, category)


def _corners(name: str, annotation: dict) -> shapes.Corners | None:
    """The box of an annotation, from its outline if it has no bbox; None if it has neither."""
    bbox = annotation.get("bbox")
    outline = annotation.get("segmentation")
    which = f"annotation {annotation.get('id')!r}"
    try:
        if bbox:
            return shapes.from_sides(*bbox)
        if isinstance(outline, list) and any(outline):
            flat = [number for polygon in outline for number in polygon]
            return shapes.around_points(list(zip(flat[::2], flat[1::2], strict=True)))
    except shapes.WRONG_FORM:
        raise ValueError(f"{name}: bbox {str(bbox or outline)[:60]} of {which} is no box") from None
    if isinstance(outline, dict):
        raise ValueError(f"{name}: {which} has a packed mask and no bbox: export it with bbox")
    return None


def _hold_corners(annotations: list[dict]) -> bool:
    """Whether the areas fit only if bbox is x0, y0, x1, y1, in all annotations that have both."""
    pairs = [(each["bbox"], each.get("area")) for each in annotations if each.get("bbox")]
    known = [(map(float, box), area) for box, area in pairs if isinstance(area, int | float) and area > 0]
    return bool(known) and all(
        abs(c * d - area) > 0.01 * area and abs((c - a) * (d - b) - area) < 0.01 * area and c > a
        for (a, b, c, d), area in known
    )


def _id(value: Any) -> str:
    """An id as text: some tools write 7 here and "7" there."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


COCO = Format("a COCO file", find, read)
