"""Pascal VOC: NAME.xml for each image, with objects whose bndbox counts pixels from 1 and includes the last one."""

from collections.abc import Iterator
from xml.etree import ElementTree

from carekit.material.intake.layouts.annotations.place import Corners, Format, Mark, Place, frame_of

_SIDES = ("xmin", "ymin", "xmax", "ymax")
MOST = 4 * 2**20  # bytes of one file


def _find(place: Place) -> list[str]:
    return [name for name in place.ending(".xml") if "<annotation" in place.text(name)[:2000]]


def _read(place: Place, names: list[str]) -> Iterator[Mark]:
    found = [
        mark for name, image in place.belonging(names, "VOC file(s)").items() for mark in _marks(place, name, image)
    ]
    # A box that begins at 0 shows that its tool counts from 0, as some do.
    first = 0 if any(min(mark.corners) < 1 for mark in found) else 1
    for mark in found:
        x0, y0, x1, y1 = mark.corners
        yield mark._replace(corners=(x0 - first, y0 - first, x1, y1))


def _marks(place: Place, name: str, image: str) -> Iterator[Mark]:
    text = place.text(name)
    if "<!DOCTYPE" in text or "<!ENTITY" in text or len(text) > MOST:
        raise ValueError(f"{name} is no plain VOC file: export it again")
    try:
        root = ElementTree.fromstring(text.strip())
        frame = frame_of(root.findtext("size/width"), root.findtext("size/height"))
        for each in root.iter("object"):
            box = each.find("bndbox")
            if box is not None:
                yield Mark(image, _corners(box), frame, (each.findtext("name") or "").strip())
    except (ElementTree.ParseError, TypeError, ValueError) as error:
        raise ValueError(f"{name} is no VOC file ({error}): export it again, or remove it") from None


def _corners(box: ElementTree.Element) -> Corners:
    x0, y0, x1, y1 = (float(box.findtext(side) or "") for side in _SIDES)
    return x0, y0, x1, y1


VOC = Format("Pascal VOC files", _find, _read)
