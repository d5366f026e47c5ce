"""Exercises of lesson 8: how fine a map is, tokens as a map, and maps that weigh each place by itself."""

import numpy as np

from carekit.course.exercises.exercise import Choice, Exercise, Slip, drawn


def _steps(size: int, strides: list[int]) -> int:
    """The positions that are left when every second, third, ... of them is taken, one by one."""
    places = list(range(size))
    for stride in strides:
        places = [place for i, place in enumerate(places) if i % stride == 0]
    return len(places)


CELLS = Exercise(
    name="map_cells",
    lesson=8,
    title="How many cells has a map?",
    minutes=4,
    level="warm-up",
    task="A layer with stride $s$ looks at every $s$-th position, the first one included, so of $n$ positions it keeps "
    "$n / s$, *rounded up*. A network has several such layers, one behind the other. Return how many cells the side of "
    "its map has.",
    hints=(
        "A loop over the strides; each makes a smaller number out of the one before it.",
        "`-(-n // s)` is n / s rounded up, in whole numbers.",
    ),
    expected="96 pixels and strides `[2, 2, 2, 2]` give 6; 97 pixels give 7.",
    stub='''
def my_cells(size, strides):
    """size: pixels of the image's side. strides: a list of whole numbers. Returns the cells of the map's side."""
    ...
''',
    solution="""
def my_cells(size, strides):
    for stride in strides:
        size = -(-size // stride)
    return size
""",
    cases={
        "five halvings": lambda: (224, [2, 2, 2, 2, 2]),
        "an odd side": lambda: (101, [2, 2, 2]),
        "two kinds of strides": lambda: (70, [4, 3]),
        "a patch of eight": lambda: (60, [8]),
    },
    truth=_steps,
    rule="the side over each stride, rounded up each time",
    slips=(
        Slip("-(-size // stride)", "size // stride", "Rounded down: the last position counts, so round up."),
        Slip("-(-size // stride)", "size / stride", "A number of cells is whole: round up after each stride."),
        Slip("return size", "return size * size", "That is the whole map: one side is asked."),
        Slip("in strides", "in strides[:1]", "That is the first stride alone: the others follow it."),
        Slip("in strides", "in [sum(strides)]", "Strides multiply, they do not add: divide by one after the other."),
    ),
    so_what="With five halvings a cell stands for 32 pixels, and at 96 pixels three cells must tell a lesion from the "
    "ink beside it. A layer that is two halvings earlier has sixteen times the cells, and has understood less.",
)


def _tokens(random: np.random.Generator) -> tuple[np.ndarray, int, int]:
    return random.normal(size=(1 + 2 * 3, 4)), 2, 3


def _one_by_one(tokens: np.ndarray, u: int, v: int) -> np.ndarray:
    grid = np.zeros((tokens.shape[1], u, v))
    for k, i, j in np.ndindex(*grid.shape):
        grid[k, i, j] = tokens[1 + i * v + j, k]
    return grid


TOKENS = Exercise(
    name="tokens_to_map",
    lesson=8,
    title="Turn a transformer's tokens back into a map",
    minutes=6,
    task="A vision transformer cuts the image into patches, and reads them row by row as a list of tokens, behind one "
    "*class token* that belongs to no place. Make feature maps of them: channels first, then rows and columns.",
    hints=(
        "Leave the first token out. What is left has u times v rows, in the order in which one reads.",
        "The channels must come to the front *before* the places are split: `.T`, then `.reshape`.",
    ),
    expected="Tokens `[[9], [1], [2], [3], [4]]` with u = v = 2 give `[[[1, 2], [3, 4]]]`.",
    stub='''
def my_grid(tokens, u, v):
    """tokens (1 + u * v, k): the class token, then the patches row by row. Returns feature maps (k, u, v)."""
    ...
''',
    solution="""
def my_grid(tokens, u, v):
    return tokens[1:].T.reshape(-1, u, v)
""",
    cases=drawn(_tokens),
    truth=_one_by_one,
    rule="maps[k, i, j] is channel k of the token 1 + i * v + j",
    slips=(
        Slip("tokens[1:]", "tokens[:-1]", "The class token stands first, not last: leave out number 0."),
        Slip(".T.", ".", "The numbers are there in the wrong places: bring the channels to the front first, with .T."),
        Slip("reshape(-1, u, v)", "reshape(-1, v, u)", "Rows and columns are swapped: there are u rows."),
        Slip(".T.reshape(-1, u, v)", ".reshape(u, v, -1)", "Channels are last here: they come first, (k, u, v)."),
        Slip(
            "tokens[1:].T.reshape(-1, u, v)",
            "(tokens[1:] + tokens[0]).T.reshape(-1, u, v)",
            "The class token belongs to no place: leave it out instead of adding it.",
        ),
    ),
    so_what="From here on a transformer is like any other network: maps and a head. But each patch has looked at all "
    "others, so what lights up is where the class is *said*.",
)


def _uneven(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return random.random((3, 4, 5)), random.normal(size=(3, 4, 5))


def _place_by_place(features: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    found = np.zeros(features.shape[1:])
    for k, i, j in np.ndindex(*features.shape):
        found[i, j] += gradient[k, i, j] * features[k, i, j]
    return found


HIRES = Exercise(
    name="hires_cam",
    lesson=8,
    title="Write HiResCAM",
    minutes=4,
    task="Grad-CAM weighs a channel by the *mean* of the score's gradient over all places. HiResCAM lets each place "
    "count by its own: $\\sum_k \\frac{\\partial y}{\\partial A^k_{ij}} A^k_{ij}$.",
    hints=("No mean is needed: both arrays have the same shape.", "Multiply them, and sum over the channels, axis 0."),
    expected="Features `[[[1, 2]]]` and gradient `[[[3, -1]]]` give `[[3, -2]]`.",
    stub='''
def my_hires(features, gradient):
    """features (k, u, v), and the score's gradient by them (k, u, v), arrays. Returns the map (u, v)."""
    ...
''',
    solution="""
def my_hires(features, gradient):
    return (gradient * features).sum(0)
""",
    cases=drawn(_uneven),
    truth=_place_by_place,
    rule="the sum over the channels of gradient times feature, place by place",
    slips=(
        Slip(
            "gradient * features",
            "gradient.mean((1, 2))[:, None, None] * features",
            "That is Grad-CAM: the mean over the places is what HiResCAM leaves out.",
        ),
        Slip("sum(0)", "sum(0).clip(0)", "No ReLU here: what speaks against the class stays negative."),
        Slip("sum(0)", "mean(0)", "That is the mean over the channels: sum them."),
        Slip("gradient * features", "gradient", "The features are missing: where nothing is seen, nothing counts."),
        Slip(
            "gradient * features",
            "gradient.clip(0) * features",
            "That is LayerCAM: HiResCAM keeps negative gradients.",
        ),
    ),
    so_what="Behind global average pooling and one linear layer the gradient is the same at all places, so there "
    "HiResCAM *is* Grad-CAM. At an earlier layer, or before another head, they part.",
)


def _positive_places(features: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    found = np.zeros(features.shape[1:])
    for k, i, j in np.ndindex(*features.shape):
        if gradient[k, i, j] > 0:
            found[i, j] += gradient[k, i, j] * features[k, i, j]
    return found


LAYER = Exercise(
    name="layer_cam",
    lesson=8,
    title="Write LayerCAM",
    minutes=4,
    task="LayerCAM is HiResCAM without what speaks against the class: a gradient below 0 counts as 0. So even an early "
    "layer, whose gradients have all signs, gives a map that can be read.",
    hints=("It is one word more than HiResCAM.", "`gradient.clip(0)` is the ReLU of an array."),
    expected="Features `[[[1, 2]]]` and gradient `[[[3, -1]]]` give `[[3, 0]]`.",
    stub='''
def my_layer_cam(features, gradient):
    """features (k, u, v), and the score's gradient by them (k, u, v), arrays. Returns the map (u, v)."""
    ...
''',
    solution="""
def my_layer_cam(features, gradient):
    return (gradient.clip(0) * features).sum(0)
""",
    cases=drawn(lambda random: (random.normal(size=(3, 4, 5)), random.normal(size=(3, 4, 5)))),
    truth=_positive_places,
    rule="the sum over the channels of the positive gradient times the feature",
    slips=(
        Slip("gradient.clip(0)", "gradient", "That is HiResCAM: gradients below 0 count as 0 here."),
        Slip(
            "(gradient.clip(0) * features).sum(0)",
            "(gradient * features).clip(0).sum(0)",
            "The ReLU belongs to the gradient, not to the product: a feature may be negative.",
        ),
        Slip(
            "(gradient.clip(0) * features).sum(0)",
            "(gradient * features).sum(0).clip(0)",
            "The ReLU comes before the sum: after it, channels have already cancelled.",
        ),
        Slip(
            "gradient.clip(0) * features",
            "gradient.mean((1, 2)).clip(0)[:, None, None] * features",
            "Each place has its own gradient: take no mean.",
        ),
        Slip("gradient.clip(0)", "np.abs(gradient)", "What speaks against the class counts as 0, not as for it."),
    ),
    so_what="In a loss, what is left out of a map cannot be moved: channels that speak against the class are not "
    "pulled into the box.",
)

SAME = Choice(
    name="which_maps_agree",
    lesson=8,
    title="Which maps are the same behind pooling and a linear layer?",
    minutes=3,
    level="warm-up",
    variable="my_maps",
    task="The head is global average pooling and one linear layer, so the gradient of a score by a channel is the same "
    "number at all places, w / Z. Which maps then agree for every image and class?",
    choices={
        "a": ("all five", "LayerCAM leaves the channels with a negative weight out, the ReLU all below 0."),
        "b": (
            "Grad-CAM and HiResCAM",
            "the mean over the places of a number that is the same everywhere is that number.",
        ),
        "c": ("HiResCAM and LayerCAM", "only if no weight is negative."),
        "d": ("LayerCAM and Grad-CAM++", "Grad-CAM++ weighs channels by more than their positive weight."),
        "e": ("none of them", "write down the gradient: it does not depend on the place, so a mean changes nothing."),
    },
    right="b",
    so_what="So for such a network the choice between them is none, and a comparison in a paper that finds one of them "
    "better there has found noise.",
)

EXERCISES = (CELLS, TOKENS, SAME, HIRES, LAYER)
