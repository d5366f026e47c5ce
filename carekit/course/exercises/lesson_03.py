"""Exercises of lesson 3: boxes and masks."""

import numpy as np

from carekit.course.exercises.exercise import drawn, solution

Box = tuple[int, int, int, int]


def draw_box(random: np.random.Generator) -> Box:
    # It reaches the border now and then, and is seldom a square: a swap of x and y shows.
    x0, y0 = int(random.integers(0, 4)), int(random.integers(0, 3))
    return x0, y0, x0 + int(random.integers(2, 5)), y0 + int(random.integers(1, 4))


def masks_pixel_by_pixel(box: Box, size: tuple[int, int]) -> np.ndarray:
    """M_in and M_out by asking each pixel."""
    masks = np.zeros((2, *size))
    for i, j in np.ndindex(*size):
        inside = box[0] <= j < box[2] and box[1] <= i < box[3]
        masks[:, i, j] = inside, not inside
    return masks


@solution(cases=drawn(lambda random: (draw_box(random), (8, 9))), truth=masks_pixel_by_pixel)
def my_masks(box: tuple, size: tuple) -> np.ndarray:
    """box (x0, y0, x1, y1) in whole pixels, size (height, width). Returns M_in and M_out as one array (2, h, w)."""
    x0, y0, x1, y1 = box
    m_in = np.zeros(size)
    m_in[y0:y1, x0:x1] = 1
    return np.stack([m_in, 1 - m_in])


def columns_covered(x0: float, x1: float) -> list[int]:
    """First column and the one behind the last whose centre is inside, by looking at each."""
    # 40 columns hold every box of the cases.
    inside = [j for j in range(40) if x0 <= j + 0.5 < x1]
    return [inside[0], inside[-1] + 1]


def draw_ends(random: np.random.Generator) -> tuple[float, float]:
    x0 = float(random.uniform(1, 6))
    return x0, x0 + float(random.uniform(2, 9))


@solution(
    # Rounding and ceiling differ only where an end lies exactly on a centre.
    cases={**drawn(draw_ends, 6), "ends on centres": lambda: (2.5, 5.5), "whole pixels": lambda: (3.0, 7.0)},
    truth=columns_covered,
)
def my_columns(x0: float, x1: float) -> tuple:
    """x0 < x1: the ends of a box, any numbers. Returns (first, behind the last) of the columns inside."""
    first = int(np.ceil(x0 - 0.5))
    behind = int(np.ceil(x1 - 0.5))
    return first, behind


def draw_three_boxes(random: np.random.Generator) -> tuple[list[Box], tuple[int, int]]:
    # The middle box overlaps most others: adding masks then gives a 2.
    return [draw_box(random), (3, 2, 6, 5), draw_box(random)], (8, 9)


def union_of_masks(boxes: list[Box], size: tuple[int, int]) -> np.ndarray:
    """The largest value of all masks, and of an empty one."""
    return np.max([np.zeros(size), *(masks_pixel_by_pixel(box, size)[0] for box in boxes)], axis=0)


@solution(cases={**drawn(draw_three_boxes), "no box": lambda: ([], (4, 5))}, truth=union_of_masks)
def my_union(boxes: list, size: tuple) -> np.ndarray:
    """boxes: a list of (x0, y0, x1, y1), perhaps empty; size (height, width). Returns M_in, (h, w)."""
    m_in = np.zeros(size)
    for x0, y0, x1, y1 in boxes:
        m_in[y0:y1, x0:x1] = 1
    return m_in


def scaled_side_by_side(box: Box, factor: float) -> list[float]:
    """Each side moves by half of what the box gets smaller."""
    x0, y0, x1, y1 = box
    return [
        x0 + (1 - factor) * (x1 - x0) / 2,
        y0 + (1 - factor) * (y1 - y0) / 2,
        x1 - (1 - factor) * (x1 - x0) / 2,
        y1 - (1 - factor) * (y1 - y0) / 2,
    ]


@solution(
    # Factors on both sides of 1: a box may grow as well.
    cases=drawn(lambda random: (draw_box(random), float(random.choice([0.7, 0.8, 1.1, 1.3])))),
    truth=scaled_side_by_side,
)
def my_scaled(box: tuple, factor: float) -> tuple:
    """box (x0, y0, x1, y1), factor > 0. Returns the scaled box (x0, y0, x1, y1)."""
    x0, y0, x1, y1 = box
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    half_x, half_y = (x1 - x0) / 2 * factor, (y1 - y0) / 2 * factor
    return cx - half_x, cy - half_y, cx + half_x, cy + half_y


def draw_map_and_mask(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    # The width varies, so that the box's share of the area does: a lift without it is off.
    m_in = np.zeros((5, 6))
    m_in[1:4, 2 : int(random.integers(4, 7))] = 1
    return random.random((5, 6)), m_in


def share_and_lift(F: np.ndarray, M_in: np.ndarray) -> tuple[float, float]:
    """The share by a sum over places, the lift from the counts of pixels."""
    places = np.argwhere(M_in)
    share = sum(F[i, j] for i, j in places) / sum(F.ravel().tolist())
    return share, share * M_in.size / len(places)


@solution(cases=drawn(draw_map_and_mask), truth=share_and_lift)
def my_share_and_lift(F: np.ndarray, M_in: np.ndarray) -> tuple:
    """F (h, w) in [0, 1], M_in (h, w) of 0 and 1. Returns (share, lift)."""
    share = (F * M_in).sum() / F.sum()
    lift = share / M_in.mean()
    return share, lift
