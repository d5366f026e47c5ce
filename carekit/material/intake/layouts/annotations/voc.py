"""Pascal VOC: NAME.xml for each image, with objects whose bndbox counts pixels from 1 and includes the last one."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from carekit.material.intake.layouts.annotations import shapes
from carekit.material.intake.layouts.annotations.place import AnnotatedBox, Format, Place

_SIDES = ("xmin", "ymin", "xmax", "ymax")
MOST = 4 * 2**20  # bytes of one file


def parse_xml(name: str, text: str, what: str) -> ElementTree.Element:
    """The root of an XML file. Raises ValueError, naming the file, for one that is large, broken or has entities."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text or len(text) > MOST:
        raise ValueError(f"{name} is no plain {what} file: export it again")
    try:
        return ElementTree.fromstring(text.strip())
    except (ElementTree.ParseError, ValueError) as error:
        raise ValueError(f"{name} is no {what} file ({error}): export it again, or remove it") from None


def find(place: Place) -> list[str]:
    return [name for name in place.ending(".xml") if re.search(r"<annotation[\s>/]", place.text(name)[:2000])]


def read(place: Place, names: list[str]) -> Iterator[AnnotatedBox]:
    boxes = []
    decimals = False
    for name in names:
        root = parse_xml(name, place.text(name), "VOC")
        frame = shapes.frame_of(root.findtext("size/width"), root.findtext("size/height"))
        for shape in root.iter("object"):
            box = shape.find("bndbox")
            if box is None:
                continue
            sides = [box.findtext(side) or "" for side in _SIDES]
            decimals = decimals or "." in "".join(sides)
            try:
                x0, y0, x1, y1 = map(float, sides)
            except ValueError as error:
                raise ValueError(f"{name} is no VOC file ({error}): export it again, or remove it") from None
            boxes.append(AnnotatedBox(name, "", (x0, y0, x1, y1), frame, (shape.findtext("name") or "").strip()))
    # A box that begins at 0, or in between pixels, shows that its tool counts from 0, as CVAT does.
    first = 0 if decimals or any(min(box.corners) < 1 for box in boxes) else 1
    for annotated in boxes:
        x0, y0, x1, y1 = annotated.corners
        yield annotated._replace(corners=(x0 - first, y0 - first, x1, y1))


VOC = Format("Pascal VOC files", find, read, "VOC file(s)")
