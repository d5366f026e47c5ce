"""CVAT for images: one annotations.xml with an image element for each image, and boxes or polygons in pixels."""

from collections.abc import Iterator

from carekit.material.intake.layouts.annotations import shapes
from carekit.material.intake.layouts.annotations.place import AnnotatedBox, Format, Place
from carekit.material.intake.layouts.annotations.voc import parse_xml


def find(place: Place) -> list[str]:
    return [name for name in place.ending(".xml") if "<annotations>" in place.text(name)[:2000]]


def read(place: Place, names: list[str]) -> Iterator[AnnotatedBox]:
    for name in names:
        for image in parse_xml(name, place.text(name), "CVAT").iter("image"):
            frame = shapes.frame_of(image.get("width"), image.get("height"))
            for shape in image:
                with shapes.expected(f"{name} has a {shape.tag} that is none"):
                    if shape.tag == "box":
                        xtl, ytl, xbr, ybr = (shape.attrib[side] for side in ("xtl", "ytl", "xbr", "ybr"))
                        corners = shapes.around_points([(xtl, ytl), (xbr, ybr)])
                    elif shape.tag == "polygon":
                        corners = shapes.around_points(
                            [point.split(",") for point in shape.attrib["points"].split(";")]
                        )
                    else:
                        continue
                    yield AnnotatedBox(name, image.attrib["name"], corners, frame, shape.get("label", ""))


CVAT = Format("a CVAT file", find, read)
