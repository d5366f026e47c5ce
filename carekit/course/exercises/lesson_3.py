"""Exercises of lesson 3: boxes and masks."""

import numpy as np

from carekit.course.exercises.exercise import Exercise, Slip, drawn

Box = tuple[int, int, int, int]


def _box(random: np.random.Generator) -> Box:
    x0, y0 = int(random.integers(0, 4)), int(random.integers(0, 3))
    return x0, y0, x0 + int(random.integers(2, 5)), y0 + int(random.integers(1, 4))


def _pixel_by_pixel(box: Box, size: tuple[int, int]) -> np.ndarray:
    masks = np.zeros((2, *size))
    for i, j in np.ndindex(*size):
        inside = box[0] <= j < box[2] and box[1] <= i < box[3]
        masks[:, i, j] = inside, not inside
    return masks


MASKS = Exercise(
    name="masks",
    cell="exercise",
    lesson=3,
    title="Write the two masks",
    minutes=5,
    task="$M_{in}$ is 1 inside the box and 0 elsewhere, $M_{out}$ the other way round. A box is half-open: column "
    "$x_0$ "
    "belongs to it, column $x_1$ no longer.",
    hints=(
        "Begin with `np.zeros(size)` and set a rectangle to 1. Rows come first in NumPy, and rows are y.",
        "`m_in[y0:y1, x0:x1] = 1`: a slice is half-open too. `np.stack([m_in, 1 - m_in])` puts both together.",
    ),
    expected="Box `(1, 0, 3, 1)` in size `(2, 3)`: inside `[[0, 1, 1], [0, 0, 0]]`, outside `[[1, 0, 0], [1, 1, 1]]`.",
    stub='''
def my_masks(box, size):
    """box (x0, y0, x1, y1) in whole pixels, size (height, width). Returns M_in and M_out as one array (2, h, w)."""
    ...
''',
    solution="""
def my_masks(box, size):
    x0, y0, x1, y1 = box
    m_in = np.zeros(size)
    m_in[y0:y1, x0:x1] = 1
    return np.stack([m_in, 1 - m_in])
""",
    cases=drawn(lambda random: (_box(random), (8, 9))),
    truth=_pixel_by_pixel,
    rule="1 where x0 <= column < x1 and y0 <= row < y1",
    slips=(
        Slip("[y0:y1, x0:x1]", "[x0:x1, y0:y1]", "x and y are swapped: rows are y, columns are x."),
        Slip("[m_in, 1 - m_in]", "[1 - m_in, m_in]", "M_in and M_out are swapped."),
        Slip(
            "[y0:y1, x0:x1]",
            "[y0:y1 + 1, x0:x1 + 1]",
            "The upper ends are included: a box is half-open, as a slice is.",
        ),
        Slip("[y0:y1, x0:x1]", "[y0:y0 + y1, x0:x0 + x1]", "The box has two corners, not a corner and a size."),
        Slip("[y0:y1, x0:x1]", "[y0 + 1:y1, x0 + 1:x1]", "The first row and column belong to the box: x0 <= column."),
        Slip("np.stack([m_in, 1 - m_in])", "m_in", "M_out is missing: return both masks in one array."),
    ),
    so_what="Two pictures of 0 and 1 are all that the method needs to know of a doctor's box.",
)


def _covered(x0: float, x1: float) -> list[int]:
    """First column and the one behind the last whose centre is inside, by looking at each."""
    inside = [j for j in range(40) if x0 <= j + 0.5 < x1]
    return [inside[0], inside[-1] + 1]


def _ends(random: np.random.Generator) -> tuple[float, float]:
    x0 = float(random.uniform(1, 6))
    return x0, x0 + float(random.uniform(2, 9))


HALF_OPEN = Exercise(
    name="half_open",
    lesson=3,
    title="Which pixels does a fractional box hold?",
    minutes=4,
    task="A scaled box rarely ends between two pixels. Column $j$ has its centre at $j + 0.5$ and belongs to the box "
    "if "
    "$x_0 \\le j + 0.5 < x_1$. Return the first column inside and the first one *behind* it, as a slice takes them.",
    hints=(
        "Solve for j: $j \\ge x_0 - 0.5$. The smallest whole number for which that holds is a ceiling.",
        "The same formula gives the end: `np.ceil(x1 - 0.5)`.",
    ),
    expected="`x0 = 2.4, x1 = 4.5` gives `(2, 4)`: the centres 2.5 and 3.5 are inside, 4.5 is not.",
    stub='''
def my_columns(x0, x1):
    """x0 < x1: the ends of a box, any numbers. Returns (first, behind the last) of the columns inside."""
    ...
''',
    solution="""
def my_columns(x0, x1):
    first = int(np.ceil(x0 - 0.5))
    behind = int(np.ceil(x1 - 0.5))
    return first, behind
""",
    cases={**drawn(_ends, 6), "ends on centres": lambda: (2.5, 5.5), "whole pixels": lambda: (3.0, 7.0)},
    truth=_covered,
    rule="the columns whose centre lies in [x0, x1)",
    slips=(
        Slip(
            "np.ceil(x0 - 0.5)",
            "np.floor(x0)",
            "The first column is taken as soon as the box touches it: ask for its centre.",
        ),
        Slip(
            "np.ceil(x1 - 0.5)",
            "np.ceil(x1)",
            "The last column is kept if the box only touches it: ask for its centre.",
        ),
        Slip(
            "np.ceil(x1 - 0.5))",
            "np.ceil(x1 - 0.5)) - 1",
            "That is the last column inside: a slice takes the one behind it.",
        ),
        Slip(
            "np.ceil(x1 - 0.5)",
            "np.floor(x1 + 0.5)",
            "Right except where an end lies on a centre: that one is not inside.",
        ),
        Slip("np.ceil(x0 - 0.5)", "np.ceil(x0)", "A first column whose centre is inside is lost."),
    ),
    so_what="Two boxes side by side share no pixel and lose none. At scale 0.7 an error of one row is 5 % of a box "
    "of 20.",
)


def _two(random: np.random.Generator) -> tuple[list[Box], tuple[int, int]]:
    return [_box(random), (3, 2, 6, 5), _box(random)], (8, 9)


def _any(boxes: list[Box], size: tuple[int, int]) -> np.ndarray:
    return np.max([_pixel_by_pixel(box, size)[0] for box in boxes], axis=0) if boxes else np.zeros(size)


UNION = Exercise(
    name="union",
    lesson=3,
    title="Several boxes in one image",
    minutes=4,
    task="A chest film may have an opacity on each side. $M_{in}$ is then 1 inside *any* of the boxes; it is never 2.",
    hints=("One mask, a loop over the boxes.", "Set the rectangle to 1; do not add to it."),
    expected="Boxes `(0, 0, 2, 1)` and `(1, 0, 3, 1)` in size `(1, 4)` give `[[1, 1, 1, 0]]`.",
    stub='''
def my_union(boxes, size):
    """boxes: a list of (x0, y0, x1, y1), perhaps empty; size (height, width). Returns M_in, (h, w)."""
    ...
''',
    solution="""
def my_union(boxes, size):
    m_in = np.zeros(size)
    for x0, y0, x1, y1 in boxes:
        m_in[y0:y1, x0:x1] = 1
    return m_in
""",
    cases={**drawn(_two), "no box": lambda: ([], (4, 5))},
    truth=_any,
    rule="1 inside any box",
    slips=(
        Slip("= 1\n", "+= 1\n", "Where boxes overlap there is a 2: a pixel is inside or not, so set it to 1."),
        Slip("in boxes:", "in boxes[:1]:", "Only the first box is drawn: go through all of them."),
        Slip(
            "for x0, y0, x1, y1 in boxes:\n",
            "for x0, y0, x1, y1 in boxes:\n        m_in = np.zeros(size)\n",
            "The mask begins anew with each box, so only the last one is left.",
        ),
        Slip("[y0:y1, x0:x1]", "[x0:x1, y0:y1]", "x and y are swapped: rows are y, columns are x."),
        Slip(
            "in boxes:",
            "in boxes or [(0, 0, size[1], size[0])]:",
            "Right but for an image without a box: there nothing is inside.",
        ),
    ),
    so_what="Adding the masks instead would weigh the overlap double: a fault that no error message would ever tell.",
)


def _scaled(box: Box, factor: float) -> list[float]:
    x0, y0, x1, y1 = box
    return [
        x0 + (1 - factor) * (x1 - x0) / 2,
        y0 + (1 - factor) * (y1 - y0) / 2,
        x1 - (1 - factor) * (x1 - x0) / 2,
        y1 - (1 - factor) * (y1 - y0) / 2,
    ]


SCALE = Exercise(
    name="scale_box",
    lesson=3,
    title="Scale a box about its centre",
    minutes=4,
    task="Section 4.3.2 of the paper scales the sides of the boxes by a factor; the centre stays where it is.",
    hints=(
        "Centre: the mean of both corners. Half the size: half of their difference.",
        "Centre ± factor * half size.",
    ),
    expected="`(2, 2, 6, 4)` with factor 0.5 gives `(3, 2.5, 5, 3.5)`.",
    stub='''
def my_scaled(box, factor):
    """box (x0, y0, x1, y1), factor > 0. Returns the scaled box (x0, y0, x1, y1)."""
    ...
''',
    solution="""
def my_scaled(box, factor):
    x0, y0, x1, y1 = box
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    half_x, half_y = (x1 - x0) / 2 * factor, (y1 - y0) / 2 * factor
    return cx - half_x, cy - half_y, cx + half_x, cy + half_y
""",
    cases=drawn(lambda random: (_box(random), float(random.choice([0.7, 0.8, 1.1, 1.3])))),
    truth=_scaled,
    rule="the same centre, and sides times the factor",
    slips=(
        Slip(
            "return cx - half_x, cy - half_y, cx + half_x, cy + half_y",
            "return tuple(factor * value for value in box)",
            "All coordinates are multiplied, so the box moves towards the corner of the image: scale it about its "
            "centre.",
        ),
        Slip(
            "return cx - half_x, cy - half_y, cx + half_x, cy + half_y",
            "return x0, y0, x0 + 2 * half_x, y0 + 2 * half_y",
            "The upper left corner stays: it is the centre that should.",
        ),
        Slip(
            "(x1 - x0) / 2 * factor, (y1 - y0) / 2 * factor",
            "(x1 - x0) / 2 * factor**0.5, (y1 - y0) / 2 * factor**0.5",
            "That scales the area by the factor: it is the sides that are scaled.",
        ),
        Slip(
            "(x1 - x0) / 2 * factor, (y1 - y0) / 2 * factor",
            "(x1 - x0) * factor, (y1 - y0) * factor",
            "The box is twice too large: the centre is only half a side away from an end.",
        ),
        Slip("(y1 - y0) / 2 * factor", "(y1 - y0) / 2", "Only the width is scaled."),
    ),
    so_what="A factor 0.7 on the sides halves the area (0.49): what sounds like a small change takes half the lesion "
    "away.",
)


def _map_and_mask(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    m_in = np.zeros((5, 6))
    m_in[1:4, 2 : int(random.integers(4, 7))] = 1
    return random.random((5, 6)), m_in


def _share(F: np.ndarray, M_in: np.ndarray) -> float:
    inside = sum(F[place] for place in np.ndindex(*F.shape) if M_in[place])
    return float(inside / sum(F[place] for place in np.ndindex(*F.shape)))


SHARE = Exercise(
    name="share_inside",
    lesson=3,
    title="The share of a map inside the box, and its lift",
    minutes=5,
    task="The *share inside* is the part of the map's sum that lies in the box. A map that is the same everywhere "
    "has the "
    "box's share of the area, so the **lift** divides by that: 1 means no preference, 2 twice as much as chance. "
    "Return "
    "both.",
    hints=(
        "Three sums: `(F * M_in).sum()`, `F.sum()`, and the area of the box.",
        "`M_in.mean()` is the box's share of the area.",
    ),
    expected="`F = [[3, 1]]` and `M_in = [[1, 0]]`: share 0.75, lift 1.5.",
    stub='''
def my_share_and_lift(F, M_in):
    """F (h, w) in [0, 1], M_in (h, w) of 0 and 1. Returns (share, lift)."""
    ...
''',
    solution="""
def my_share_and_lift(F, M_in):
    share = (F * M_in).sum() / F.sum()
    lift = share / M_in.mean()
    return share, lift
""",
    cases=drawn(_map_and_mask),
    truth=lambda F, M_in: (_share(F, M_in), _share(F, M_in) * M_in.size / len(np.argwhere(M_in))),
    rule="the share of the sum inside, and that share over the share of the area",
    slips=(
        Slip(
            "(F * M_in).sum() / F.sum()",
            "(F * M_in).sum() / M_in.sum()",
            "That is the *mean* inside, which lesson 4 needs: the share divides by the sum of the whole map.",
        ),
        Slip(
            "(F * M_in).sum() / F.sum()",
            "(F * M_in).mean()",
            "That divides by the number of pixels: divide by the map's sum.",
        ),
        Slip("share / M_in.mean()", "share - M_in.mean()", "The lift is a ratio, not a difference."),
        Slip(
            "share / M_in.mean()", "share / M_in.sum()", "Divide by the box's *share* of the area, not by its pixels."
        ),
        Slip(
            "share / M_in.mean()",
            "share / (1 - share)",
            "That compares inside with outside, whatever the size of the box.",
        ),
    ),
    so_what="A share of 0.5 is splendid for a box of a tenth of the image and nothing for one of a half. Never "
    "report it alone.",
)

EXERCISES = (MASKS, HALF_OPEN, UNION, SCALE, SHARE)
