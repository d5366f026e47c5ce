"""What is sent of a data set's images: pixels, boxes and names; and which of them a question asks for."""

from typing import Any, SupportsIndex

import numpy as np

from carekit.course.explorers.frame import packed
from carekit.data.prepared import Prepared


def sent(data: Prepared, rows: np.ndarray, kind: str = "image") -> dict[str, Any]:
    """Size, images, boxes and names of the images `rows`; a name is "class, kind row"."""
    return {
        "size": data.size,
        "images": packed(data.read(rows)),
        "boxes": [data.checked_boxes(i).tolist() for i in rows],
        "names": [name_of(data, i, kind) for i in rows],
    }


def name_of(data: Prepared, row: SupportsIndex, kind: str = "image") -> str:
    """An image in a sentence."""
    return f"{data.classes[data.labels[row]]}, {kind} {row}"


def check_boxed(data: Prepared, rows: np.ndarray, what: str) -> None:
    """Raise ValueError, "`what` images that have a box", where there is no image or one has none."""
    if not len(rows) or not all(len(data.boxes_of(i)) for i in rows):
        raise ValueError(f"{what} images that have a box: choose some with lesson.rare_rows")


def asked_row(question: dict, rows: np.ndarray) -> int:
    """The place among `rows` of the image that a question asks for. Raises ValueError where it is none of them."""
    image = question.get("image")
    # A question comes from the browser: nothing in it is trusted.
    if not isinstance(image, int) or not 0 <= image < len(rows):
        raise ValueError(f"image {image!r} is not among the {len(rows)} of this explorer: choose another")
    return image
