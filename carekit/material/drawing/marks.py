"""The marks that mislead in the drawn sets, drawn on the images of any data set."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, UInt8

from carekit.data.prepared import Prepared
from carekit.ground.registry import Registry
from carekit.material.drawing.artefacts import chart, ink, ruler
from carekit.material.drawing.canvas import blend, eight_bits
from carekit.material.drawing.chest.devices import marker

LEAST = 0.06  # of the image's side: a narrower strip holds no mark that one can see
Mark = Callable[[np.ndarray, np.ndarray, np.random.Generator], None]


def _clear_of_all(paint: Mark) -> Mark:
    """A mark of the drawn skin, which keeps clear of one box, for images with any number of boxes."""

    def draw(image: Float[np.ndarray, "s s 3"], boxes: Float[np.ndarray, "k 4"], rng: np.random.Generator) -> None:
        if not len(boxes):
            boxes = np.full((1, 4), 0.5)  # the middle
        paint(image, _hull(boxes), rng)

    return draw


def _letter(image: Float[np.ndarray, "s s 3"], boxes: Float[np.ndarray, "k 4"], rng: np.random.Generator) -> None:
    """The side marker of the drawn films, in white."""
    opacity = np.zeros(image.shape[:2], image.dtype)
    marker(opacity, boxes, rng)
    blend(image, (1.0, 1.0, 1.0), opacity)


# Each paints on an image (s, s, 3) in [0, 1], in place, clear of its boxes (k, 4), which are in units of the image.
MARKS: Registry[Mark] = Registry(
    "mark",
    {
        "ink": _clear_of_all(ink),
        "ruler": _clear_of_all(ruler),
        "chart": _clear_of_all(chart),
        "marker": _letter,
    },
)


def _hull(boxes: Float[np.ndarray, "k 4"]) -> Float[np.ndarray, " 4"]:
    """The box around all boxes."""
    return np.concatenate([boxes[:, :2].min(0), boxes[:, 2:].max(0)])


def has_room(boxes: Float[np.ndarray, "k 4"], size: int) -> bool:
    """Whether the boxes, in pixels, leave a strip free along an edge of an image of `size`, wide enough for a mark."""
    if not len(boxes):
        return True
    left, top, right, bottom = _hull(np.asarray(boxes)) / size
    return bool(max(left, top, 1 - right, 1 - bottom) >= LEAST)


def paint_mark(
    images: UInt8[np.ndarray, "n s s 3"],
    kind: str,
    rng: np.random.Generator,
    boxes: Sequence[Float[np.ndarray, "_ 4"]],
) -> UInt8[np.ndarray, "n s s 3"]:
    """Copies of the images with a mark on each, clear of its boxes.

    Args:
        images: colour or grey in three equal channels.
        kind: a name of `MARKS`.
        rng: decides place, form and colour.
        boxes: of each image, k >= 0 boxes in pixels.

    Raises:
        ValueError: for an unknown mark, and for images whose boxes leave no edge free, with how many there are.
    """
    paint = MARKS.named(kind)
    size = images.shape[1]
    full = [i for i, own in enumerate(boxes) if not has_room(own, size)]
    if full:
        raise ValueError(
            f"the boxes of {len(full)} of {len(images)} images (the first: {full[0]}) leave no edge free for a mark: "
            "leave these images out, see `has_room`"
        )
    marked = np.empty_like(images)
    for i, own in enumerate(boxes):
        image = images[i].astype(np.float32) / 255
        paint(image, np.asarray(own, dtype=float).reshape(-1, 4) / size, rng)
        marked[i] = eight_bits(image)
    return marked


def plant(data: Prepared, kind: str, rows: Sequence[int] | None = None, seed: int = 0) -> Prepared:
    """The data set, in memory, with a mark on some of its images; its samples say on which.

    Args:
        data: any prepared data set.
        kind: a name of `MARKS`.
        rows: which images; None: all.
        seed: an image's mark depends on it and on the image's name alone.

    Raises:
        ValueError: as `paint_mark`, naming the image.
    """
    MARKS.named(kind)
    if rows is None:
        rows = range(len(data))
    rows = [int(i) for i in rows]
    images = data.read(np.arange(len(data)))
    names = data.samples.image_id.tolist()
    shown = [""] * len(data)
    if "artefacts" in data.samples:
        shown = data.samples["artefacts"].fillna("").tolist()
    full = [i for i in rows if not has_room(data.checked_boxes(i), data.size)]
    if full:
        raise ValueError(
            f"the boxes of {len(full)} of the {len(rows)} images, such as {names[full[0]]}, leave no edge free for a "
            "mark: leave these images out, see `rows_with_room`"
        )
    for i in rows:
        rng = np.random.default_rng([seed, *names[i].encode()])
        images[i] = paint_mark(images[i : i + 1], kind, rng, [data.checked_boxes(i)])[0]
        shown[i] = ";".join(filter(None, [*shown[i].split(";"), kind]))
    facts = {key: value for key, value in data.facts.items() if key != "checksums"}  # those of the files
    return replace(data, images=images, samples=data.samples.assign(artefacts=shown), facts=facts)


def rows_with_room(data: Prepared) -> list[int]:
    """The images whose boxes leave an edge free for a mark."""
    return [i for i in range(len(data)) if has_room(data.checked_boxes(i), data.size)]


def plant_shortcut(
    data: Prepared, kind: str, *, shortcut: float = 0.95, elsewhere: float = 0.03, seed: int = 0
) -> Prepared:
    """The data set with a mark that goes with the rarest class in training, and with no class in the test.

    An image whose boxes leave no room stays as it is.

    Args:
        data: any prepared data set.
        kind: a name of `MARKS`.
        shortcut: share of the rarest class's training images with the mark, in [0, 1].
        elsewhere: share of all other images with it, in [0, 1].
        seed: decides which images, and the marks.

    Raises:
        ValueError: for an unknown mark, a share out of range, or where no image of the rarest class has room.
    """
    for name, share in (("shortcut", shortcut), ("elsewhere", elsewhere)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} = {share} is out of range: choose a number from 0 to 1")
    rarest = data.classes.index(data.rare[0])
    misled = (data.labels == rarest) & (data.samples.split == "train").to_numpy()
    room = np.zeros(len(data), bool)
    room[rows_with_room(data)] = True
    if not (misled & room).any():
        raise ValueError(
            f"no training image of {data.rare[0]} has room for a mark: its boxes fill the images; choose another set"
        )
    rate = np.where(misled, shortcut, elsewhere)
    drawn = np.random.default_rng([seed, 79]).random(len(data)) < rate
    return plant(data, kind, np.flatnonzero(drawn & room).tolist(), seed)
