"""CVAT for images: one annotations.xml with an image element for each image, and boxes or polygons in pixels."""

from collections.abc import Iterator

from carekit.material.intake.layouts.annotations.place import (
    WRONG_FORM,
    AnnotatedBox,
    Format,
    Place,
    around_points,
    frame_of,
)
from carekit.material.intake.layouts.annotations.voc import parse_xml


def _find(place: Place) -> list[str]:
    return [name for name in place.ending(".xml") if "<annotations>" in place.text(name)[:2000]]


def _read(place: Place, names: list[str]) -> Iterator[AnnotatedBox]:
    for name in names:
        for image in parse_xml(name, place.text(name), "CVAT").iter("image"):
            frame = frame_of(image.get("width"), image.get("height"))
            for shape in image:
                if shape.tag not in ("box", "polygon"):
                    continue
                try:
                    if shape.tag == "box":
                        xtl, ytl, xbr, ybr = (shape.attrib[side] for side in ("xtl", "ytl", "xbr", "ybr"))
                        points = [[xtl, ytl], [xbr, ybr]]
                    else:
                        points = [point.split(",") for point in shape.attrib["points"].split(";")]
                    yield AnnotatedBox(name, image.attrib["name"], around_points(points), frame, shape.get("label", ""))
                except WRONG_FORM as error:
                    raise ValueError(f"{name} has a {shape.tag} that is none ({error!r}): export it again") from None


CVAT = Format("a CVAT file", _find, _read)
