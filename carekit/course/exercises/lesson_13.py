"""Exercises of lesson 13: what comes between a folder of photos and a result."""

import numpy as np
import torch
from torch import Tensor

from carekit.course.exercises.exercise import drawn, solution


def draw_photo(random: np.random.Generator) -> tuple[np.ndarray]:
    # Whole numbers in 8 bits, as an image file gives them, and sides that differ.
    return (random.integers(0, 256, (4, 6, 3)).astype(np.uint8),)


def batch_pixel_by_pixel(image: np.ndarray) -> np.ndarray:
    """Each number to its place."""
    batch = np.zeros((1, 3, *image.shape[:2]))
    for i, j, c in np.ndindex(*image.shape):
        batch[0, c, i, j] = int(image[i, j, c]) / 255
    return batch


@solution(cases=drawn(draw_photo, 4), truth=batch_pixel_by_pixel)
def my_batch(image: np.ndarray) -> Tensor:
    """image (h, w, 3), uint8. Returns a tensor (1, 3, h, w) in [0, 1]."""
    tensor = torch.tensor(image).permute(2, 0, 1)
    return tensor[None].float() / 255


def draw_labelled(random: np.random.Generator) -> tuple[np.ndarray, list[int], int]:
    # The numbers of boxes are a list: `boxes == 0` says nothing of its items.
    labels = random.integers(0, 3, 15)
    return labels, random.integers(0, 3, 15).tolist(), int(random.integers(0, 3))


@solution(
    cases=drawn(draw_labelled, 6),
    truth=lambda labels, boxes, rare: [i for i, label in enumerate(labels.tolist()) if label == rare and not boxes[i]],
)
def my_rows(labels: np.ndarray, boxes: list, rare: int) -> np.ndarray:
    """labels: array of class numbers; boxes: how many each photo has; rare: a class. Returns row numbers."""
    return np.flatnonzero((labels == rare) & (np.array(boxes) == 0))


def draw_patients(random: np.random.Generator) -> tuple[list[int], list[bool]]:
    return random.integers(1, 9, 12).tolist(), (random.random(12) < 0.4).tolist()


def patients_in_both(patients: list[int], in_test: list[bool]) -> list[int]:
    """Of the different pairs of patient and part, the patients that occur twice."""
    pairs = set(zip(patients, in_test, strict=True))
    return sorted(patient for patient, tested in pairs if tested and (patient, False) in pairs)


# About a third of the patients is in both parts; most have one photo or two.
@solution(cases=drawn(draw_patients, 12), truth=patients_in_both)
def my_leaks(patients: list, in_test: list) -> list:
    """patients: a number for each photo; in_test: True or False for each. Returns the patients in both parts."""
    test = {patient for patient, tested in zip(patients, in_test) if tested}
    train = {patient for patient, tested in zip(patients, in_test) if not tested}
    return sorted(test & train)


def draw_box(random: np.random.Generator) -> tuple[tuple[float, float, float, float], int, int]:
    # A picture four times as wide as high: mixed up sides give numbers that are far off.
    wide, high = random.uniform(0.1, 0.5, 2)
    x, y = random.uniform(wide / 2, 1 - wide / 2), random.uniform(high / 2, 1 - high / 2)
    return (float(x), float(y), float(wide), float(high)), int(random.integers(300, 400)), int(random.integers(60, 90))


def corners_side_by_side(box: tuple[float, float, float, float], width: int, height: int) -> list[float]:
    """The middle, half a side back, then half a side ahead, along both sides."""
    corners = []
    for sign in (-0.5, 0.5):
        for middle, side, pixels in ((box[0], box[2], width), (box[1], box[3], height)):
            corners.append((middle + sign * side) * pixels)
    return corners


@solution(cases=drawn(draw_box, 5), truth=corners_side_by_side)
def my_corners(box: tuple, width: int, height: int) -> tuple:
    """box: (x, y, w, h) in shares; width, height of the picture in pixels. Returns (x0, y0, x1, y1) in pixels."""
    x, y, w, h = box
    return (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height
