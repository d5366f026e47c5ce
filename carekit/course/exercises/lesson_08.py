"""Exercises of lesson 8: how fine a map is, tokens as a map, and maps that weigh each place separately."""

import numpy as np

from carekit.course.exercises.exercise import drawn, solution


def cells_one_by_one(size: int, strides: list[int]) -> int:
    """The positions that are left when every second, third, ... of them is taken, one by one."""
    places = list(range(size))
    for stride in strides:
        places = [place for i, place in enumerate(places) if i % stride == 0]
    return len(places)


@solution(
    # Sides that a stride does not divide tell rounding up from rounding down.
    cases={
        "five halvings": lambda: (224, [2, 2, 2, 2, 2]),
        "an odd side": lambda: (101, [2, 2, 2]),
        "two kinds of strides": lambda: (70, [4, 3]),
        "a patch of eight": lambda: (60, [8]),
    },
    truth=cells_one_by_one,
)
def my_cells(size: int, strides: list) -> int:
    """size: pixels of the image's side. strides: a list of whole numbers. Returns the cells of the map's side."""
    for stride in strides:
        size = -(-size // stride)
    return size


def draw_tokens(random: np.random.Generator) -> tuple[np.ndarray, int, int]:
    # 2 rows, 3 columns and 4 channels: no two axes can be swapped without a trace.
    return random.normal(size=(1 + 2 * 3, 4)), 2, 3


def grid_one_by_one(tokens: np.ndarray, u: int, v: int) -> np.ndarray:
    """The token of each place and channel, looked up."""
    grid = np.zeros((tokens.shape[1], u, v))
    for k, i, j in np.ndindex(*grid.shape):
        grid[k, i, j] = tokens[1 + i * v + j, k]
    return grid


@solution(cases=drawn(draw_tokens), truth=grid_one_by_one)
def my_grid(tokens: np.ndarray, u: int, v: int) -> np.ndarray:
    """tokens (1 + u * v, k): the class token, then the patches row by row. Returns feature maps (k, u, v)."""
    return tokens[1:].T.reshape(-1, u, v)


def draw_uneven(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    # Features of both signs, which no ReLU leaves: so a ReLU of the gradient is told from one of the product.
    return random.normal(size=(3, 4, 5)), random.normal(size=(3, 4, 5))


def hires_place_by_place(features: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """The sum over the channels, place by place."""
    total = np.zeros(features.shape[1:])
    for k, i, j in np.ndindex(*features.shape):
        total[i, j] += gradient[k, i, j] * features[k, i, j]
    return total


@solution(cases=drawn(draw_uneven), truth=hires_place_by_place)
def my_hires(features: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """features (k, u, v), and the score's gradient by them (k, u, v), arrays. Returns the map (u, v)."""
    return (gradient * features).sum(0)


def layer_place_by_place(features: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """The same, without the places whose gradient is below 0."""
    total = np.zeros(features.shape[1:])
    for k, i, j in np.argwhere(gradient > 0):
        total[i, j] += gradient[k, i, j] * features[k, i, j]
    return total


@solution(cases=drawn(draw_uneven), truth=layer_place_by_place)
def my_layer_cam(features: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """features (k, u, v), and the score's gradient by them (k, u, v), arrays. Returns the map (u, v)."""
    return (gradient.clip(0) * features).sum(0)
