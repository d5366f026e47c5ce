"""Exercises of lesson 2: class activation maps."""

import numpy as np
import torch
from torch import Tensor

from carekit.course.exercises.exercise import Exercise, Slip, drawn
from carekit.method.cam import raw_activation_map


def _summed(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    total = np.zeros(features.shape[1:])
    for k, i, j in np.ndindex(*features.shape):
        total[i, j] += weights[k] * features[k, i, j]
    return total


def _channels(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return random.random((3, 4, 5)), random.normal(size=3)


SCORE = Exercise(
    name="score_of_map",
    lesson=2,
    title="From the map back to the score",
    minutes=2,
    level="warm-up",
    task="For a linear head the score is the *sum* of the map, plus the bias. Compute it.",
    hints=("The map already holds the weights: nothing needs to be multiplied.", "`F.sum()`, and the bias once."),
    expected="`F = [[1, 2], [-1, 0]]` and bias 0.5 give 2.5.",
    stub='''
def my_score(F, bias):
    """F: the map (u, v) of a class, not normalised; bias: that of the class. Returns the score of the class."""
    ...
''',
    solution="""
def my_score(F, bias):
    return F.sum() + bias
""",
    cases=drawn(lambda random: (random.normal(size=(4, 5)), float(random.normal()))),
    truth=lambda F, bias: float(sum(float(value) for row in F.tolist() for value in row) + bias),
    rule="the sum of the map and the bias",
    slips=(
        Slip(
            "F.sum()", "F.mean()", "That is the mean: with these weights, w / Z, dividing by Z has already been done."
        ),
        Slip(" + bias", "", "The bias is missing."),
        Slip("F.sum() + bias", "(F + bias).sum()", "The bias counts once, not at every position."),
        Slip("F.sum()", "F.max()", "A score is made of all positions, not of the brightest one alone."),
        Slip("F.sum()", "F.clip(0).sum()", "Negative positions count too: they speak against the class."),
    ),
    so_what="So a map is not an illustration beside the network: for such a head it *is* the answer, spread out. A "
    "bright "
    "sticker is score from a sticker.",
)

MAP = Exercise(
    name="activation_map",
    cell="exercise",
    lesson=2,
    title="Write Eq. 3",
    minutes=4,
    task="The map is the sum of the feature maps, each times its weight (NumPy arrays here).",
    hints=(
        "`weights` has one number for each channel: to multiply it with `features` it needs two more axes.",
        "`weights[:, None, None] * features` has the shape (k, u, v). Sum over the channels, axis 0.",
    ),
    expected="Two channels `[[1, 2]]` and `[[3, 4]]` with weights `[1, -1]` give `[[-2, -2]]`.",
    stub='''
def my_map(features, weights):
    """features (k, u, v), weights (k,), both NumPy arrays. Returns F, (u, v)."""
    ...
''',
    solution="""
def my_map(features, weights):
    return (weights[:, None, None] * features).sum(0)
""",
    cases=drawn(_channels),
    truth=_summed,
    rule="the sum over k of weights[k] * features[k]",
    slips=(
        Slip("sum(0)", "sum(0).clip(0)", "That is with a ReLU: Eq. 3 has none, and Algorithm 1 normalises instead."),
        Slip("sum(0)", "mean(0)", "That is the mean over the channels: Eq. 3 sums them."),
        Slip("weights[:, None, None] * features", "features", "The weights are not used: each channel counts alike."),
        Slip(
            "weights[:, None, None]",
            "np.abs(weights)[:, None, None]",
            "A negative weight stays negative: no absolute value.",
        ),
        Slip(
            "weights[:, None, None]",
            "weights",
            "NumPy lines the last axes up: give the weights two more, `weights[:, None, None]`.",
        ),
        Slip(
            "return (weights[:, None, None] * features).sum(0)",
            "F = (weights[:, None, None] * features).sum(0)\n    return (F - F.min()) / (F.max() - F.min())",
            "That is already normalised to 0 ... 1: Eq. 3 comes before that.",
        ),
        Slip(
            "(weights[:, None, None] * features).sum(0)",
            "(weights[:, None, None] * features).sum(0) / features[0].size",
            "Do not divide by Z: Eq. 2 has done it in the weights.",
        ),
    ),
    so_what="One line, and no training: any network that ends in maps and a head can be asked where its score comes "
    "from.",
)


def _pass(random: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """One forward pass through a head that is not linear, so that the gradient differs from place to place."""
    features = torch.tensor(random.normal(size=(3, 4, 2, 3)), requires_grad=True)
    weight = torch.tensor(random.normal(size=(4, 5)))
    logits = (features * features.tanh()).mean((2, 3)) @ weight  # (b, k, u, v) -> (b, c)
    classes = (logits.argmax(1) + torch.tensor(random.integers(1, 5, 3))) % 5  # never the predicted one
    return logits, features, classes


GRAD_CAM = Exercise(
    name="grad_cam",
    lesson=2,
    title="Grad-CAM by automatic differentiation",
    minutes=8,
    task="Eqs. 2 and 3 for any head, in PyTorch: the weights are the mean gradient of *the class's score*, the map "
    "is the "
    "weighted sum. (Classes are given: the map of any class can be asked for.)",
    hints=(
        "`scores = logits.gather(1, classes[:, None])` takes each image's score of its class, (b, 1). Images do not "
        "mix, "
        "so one gradient of the *sum* gives that of each image.",
        "`(gradient,) = torch.autograd.grad(scores.sum(), features)` is (b, k, u, v). Its mean over the last two "
        "axes is "
        "sigma; keep the axes with `keepdim=True`, multiply with the features, and sum over the channels.",
    ),
    expected="A tensor (b, u, v). For pooling and a linear layer it equals exercise 'Write Eq. 3' with weights w / Z.",
    stub='''
def my_grad_cam(logits, features, classes):
    """logits (b, c), features (b, k, u, v) of one forward pass, classes (b,): tensors. Returns the maps (b, u, v)."""
    ...
''',
    solution="""
def my_grad_cam(logits, features, classes):
    scores = logits.gather(1, classes[:, None])
    (gradient,) = torch.autograd.grad(scores.sum(), features)
    sigma = gradient.mean((2, 3), keepdim=True)
    return (sigma * features).sum(1)
""",
    cases=drawn(_pass, 4),
    truth=lambda logits, features, classes: raw_activation_map(logits, features, classes),
    rule="the sum over the channels of the mean gradient times the features",
    slips=(
        Slip(
            "scores = logits.gather(1, classes[:, None])",
            "scores = torch.nn.functional.cross_entropy(logits, classes, reduction='none')",
            "That is the gradient of the loss: it points away from the class (the trap of this lesson). Take the "
            "score's.",
        ),
        Slip(
            "logits.gather(1, classes[:, None])",
            "logits.max(1).values",
            "That is the map of the predicted class: take the class that is asked for.",
        ),
        Slip(
            "logits.gather(1, classes[:, None])",
            "logits",
            "All classes' scores are summed: take each image's own class.",
        ),
        Slip(
            "gradient.mean((2, 3), keepdim=True)",
            "gradient",
            "Each position has its own weight here (HiResCAM): Eq. 2 takes the mean over the positions.",
        ),
        Slip("gradient.mean", "gradient.sum", "Eq. 2 divides by Z: take the mean over the positions, not the sum."),
        Slip("sum(1)", "sum(1).relu()", "There is a ReLU too many: Eq. 3 keeps negative evidence."),
        Slip(
            "logits.gather(1, classes[:, None])",
            "logits.softmax(1).gather(1, classes[:, None])",
            "That is the gradient of the probability, which other classes' scores change too: take the score's, "
            "before the "
            "softmax.",
        ),
    ),
    so_what="This works for every network with feature maps, whatever stands behind them. "
    "`carekit.class_activation_map` "
    "does it, and normalises.",
)


def _min_max(F: np.ndarray) -> list[list[float]]:
    values = [value for row in F.tolist() for value in row]
    low, high = min(values), max(values)
    return [[(value - low) / (high - low) if high > low else 0.0 for value in row] for row in F.tolist()]


NORMALISE = Exercise(
    name="normalise",
    lesson=2,
    title="From any map to 0 ... 1",
    minutes=4,
    task="**Min-max normalising**: subtract the smallest value, then divide by the largest of what is left. A map "
    "that is "
    "the same everywhere becomes zeros.",
    hints=("Two steps: `shifted = F - F.min()`, then its maximum.", "Ask before you divide: is the maximum above 0?"),
    expected="`[[-1, 0], [1, 3]]` gives `[[0, 0.25], [0.5, 1]]`; `[[2, 2]]` gives `[[0, 0]]`.",
    stub='''
def my_normalise(F):
    """F (u, v), any numbers. Returns the map in [0, 1]."""
    ...
''',
    solution="""
def my_normalise(F):
    shifted = F - F.min()
    return shifted / shifted.max() if shifted.max() > 0 else shifted
""",
    cases={
        **drawn(lambda random: (random.normal(size=(3, 4)),), 4),
        "all negative": lambda: (-1 - np.random.default_rng(7).random((3, 4)),),
        "a constant map": lambda: (np.full((3, 4), 2.5),),
    },
    truth=_min_max,
    rule="(F - min) / (max - min), and zeros for a constant map",
    slips=(
        Slip(
            " if shifted.max() > 0 else shifted",
            "",
            "Right but for a constant map, which gives 0/0: return zeros there.",
        ),
        Slip("F - F.min()", "F", "The minimum is not subtracted."),
        Slip("shifted = F - F.min()", "shifted = np.maximum(F, 0)", "A ReLU is not min-max: subtract the minimum."),
        Slip(
            "shifted / shifted.max()",
            "shifted / shifted.sum()",
            "Divide by the maximum: by the sum, the map sums to 1.",
        ),
        Slip(
            "shifted / shifted.max()",
            "shifted / F.max()",
            "Divide by the largest value *after* subtracting the minimum.",
        ),
    ),
    so_what="Every map now reaches 1, also that of an image in which the class has hardly any score: brightness says "
    "*where*, never *how much*. Lesson 12, if you go on, is about that.",
)


def _peaked(random: np.random.Generator) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """A map and a box that has the peak just inside, just outside, or at the mirrored place."""
    F, height, width = random.random((6, 9)), 6, 9
    i, j = int(random.integers(1, height - 1)), int(random.integers(1, width - 1))
    F[i, j] = 2.0
    x0, y0 = j - int(random.integers(0, 2)), i - int(random.integers(0, 2))
    return F, (x0, y0, x0 + int(random.integers(1, 3)), y0 + int(random.integers(1, 3)))


def _is_inside(F: np.ndarray, box: tuple[int, int, int, int]) -> float:
    best = max(((F[i, j], i, j) for i, j in np.ndindex(*F.shape)), key=lambda each: each[0])
    return float(best[2] in range(box[0], box[2]) and best[1] in range(box[1], box[3]))


PEAK = Exercise(
    name="peak_inside",
    lesson=2,
    title="Is the brightest place inside the box?",
    minutes=5,
    task="The simplest question to a map (the *pointing game*). The box is $(x_0, y_0, x_1, y_1)$; a pixel is inside "
    "if "
    "$x_0 \\le$ column $< x_1$ and $y_0 \\le$ row $< y_1$.",
    hints=(
        "`F.argmax()` counts through the whole map, row by row. `np.unravel_index(F.argmax(), F.shape)` gives row "
        "and column.",
        "x is the column and y the row. The upper ends do not belong to the box.",
    ),
    expected="A 6 x 9 map with its peak in row 2, column 3, and the box `(3, 1, 5, 3)`: True. With `(1, 1, 3, 3)`: "
    "False.",
    stub='''
def my_peak_inside(F, box):
    """F (h, w), box (x0, y0, x1, y1) in whole pixels. Returns True or False."""
    ...
''',
    solution="""
def my_peak_inside(F, box):
    row, column = np.unravel_index(F.argmax(), F.shape)
    x0, y0, x1, y1 = box
    return x0 <= column < x1 and y0 <= row < y1
""",
    cases=drawn(_peaked, 24),
    truth=_is_inside,
    rule="whether the peak lies in the box",
    slips=(
        Slip("row, column = np", "column, row = np", "x and y are swapped: NumPy gives the row (y) first."),
        Slip(
            "column < x1 and y0 <= row < y1",
            "column <= x1 and y0 <= row <= y1",
            "The upper ends are not inside: use < there.",
        ),
        Slip("x0 <= column < x1 and ", "", "The columns are not looked at."),
        Slip(
            "x0, y0, x1, y1 = box",
            "x0, y0, x1, y1 = box\n    x1, y1 = x0 + x1, y0 + y1",
            "The box has two corners, not a corner and a size.",
        ),
        Slip("F.argmax()", "F.argmin()", "That is the darkest place."),
    ),
    so_what="You have a number that a whole test set can be judged by. In lesson 5 it is 'peak of the map inside the "
    "box'.",
)

EXERCISES = (SCORE, MAP, GRAD_CAM, NORMALISE, PEAK)
