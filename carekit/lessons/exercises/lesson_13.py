"""Exercises of lesson 13: what stands between a folder of photos and a result."""

import numpy as np

from carekit.lessons.exercises.exercise import Choice, Exercise, Slip, drawn

LEAK = Choice(
    name="first_look",
    lesson=13,
    title="What do you ask of a folder first?",
    minutes=2,
    level="warm-up",
    variable="my_question",
    task="Somebody gives you 400 photos of two diseases, several of each patient. Which question decides most about "
    "what your "
    "result will be worth?",
    choices={
        "a": ("how large the photos are", "they are made smaller anyway; 96 to 224 pixels a side are usual."),
        "b": ("which photos are of the same patient", "a patient in both parts is recognised, and the disease is not."),
        "c": (
            "which camera took them",
            "ask that too: if it goes with the disease, it is a shortcut. But a leak is worse.",
        ),
        "d": (
            "whether both diseases have equally many photos, so that the accuracy means something",
            "MCA and recall can live with that.",
        ),
        "e": ("whether the files are JPEG or PNG", "both are read."),
    },
    right="b",
    so_what="`python -m carekit prepare` splits by a column `patient_id` or `lesion_id` if the table has one, and "
    "`check` "
    "finds pictures that are there twice.",
)


def _photo(random: np.random.Generator) -> tuple[np.ndarray]:
    return (random.integers(0, 256, (4, 6, 3)).astype(np.uint8),)


def _by_pixel(image: np.ndarray) -> np.ndarray:
    batch = np.zeros((1, 3, *image.shape[:2]))
    for i, j, c in np.ndindex(*image.shape):
        batch[0, c, i, j] = int(image[i, j, c]) / 255
    return batch


TO_BATCH = Exercise(
    name="to_batch",
    lesson=13,
    title="From a photo to what the network takes",
    minutes=4,
    task="A picture is an array (height, width, 3) of whole numbers from 0 to 255. The network takes a *batch* of "
    "one: a tensor "
    "(1, 3, height, width) of numbers from 0 to 1.",
    hints=(
        "`torch.tensor(image)`, then move the last axis to the front: `.permute(2, 0, 1)`.",
        "`[None]` makes a batch of one. Divide by 255 once it holds fractions: `.float() / 255`.",
    ),
    expected="A black pixel becomes 0, a white one 1; a picture of 4 x 6 has the shape (1, 3, 4, 6).",
    stub='''
def my_batch(image):
    """image (h, w, 3), uint8. Returns a tensor (1, 3, h, w) in [0, 1]."""
    ...
''',
    solution="""
def my_batch(image):
    tensor = torch.tensor(image).permute(2, 0, 1)
    return tensor[None].float() / 255
""",
    cases=drawn(_photo, 4),
    truth=_by_pixel,
    rule="the colours first, one image, from 0 to 1",
    slips=(
        Slip(" / 255", "", "Those are still 0 to 255: the network learned on 0 to 1."),
        Slip(
            ".permute(2, 0, 1)",
            ".reshape(3, *image.shape[:2])",
            "A reshape does not move axes, it mixes the pixels: permute them.",
        ),
        Slip("[None]", "", "There is no batch: one axis more, in front."),
        Slip(".permute(2, 0, 1)", "", "The colours are still the last axis: move them before the height."),
        Slip(".permute(2, 0, 1)", ".permute(2, 1, 0)", "Height and width are swapped."),
        Slip("tensor[None]", "tensor.flip(0)[None]", "Red and blue are swapped: the order of the colours stays."),
    ),
    so_what="Half of all 'the network does not work on my photos' is one of these slips, and none of them gives an "
    "error.",
)


def _labelled(random: np.random.Generator) -> tuple[np.ndarray, list[int], int]:
    labels = random.integers(0, 3, 15)
    return labels, [int(n) for n in random.integers(0, 3, 15)], int(random.integers(0, 3))


TO_DRAW = Exercise(
    name="to_draw",
    lesson=13,
    title="Which photos still need a box?",
    minutes=3,
    task="Boxes are needed for the *rare* class only. Which of its photos have none yet? Return their row numbers, "
    "in order.",
    hints=(
        "Go through the rows: the label must be `rare`, the number of boxes 0.",
        "`np.flatnonzero(condition)` gives the rows where it holds.",
    ),
    expected="labels `[1, 0, 1]`, boxes `[0, 0, 2]`, rare 1: `[0]`.",
    stub='''
def my_rows(labels, boxes, rare):
    """labels: array of class numbers; boxes: how many each photo has; rare: a class number. Returns the rows to "
    "draw."""
    ...
''',
    solution="""
def my_rows(labels, boxes, rare):
    return np.flatnonzero((labels == rare) & (np.array(boxes) == 0))
""",
    cases=drawn(_labelled, 6),
    truth=lambda labels, boxes, rare: [i for i, label in enumerate(labels.tolist()) if label == rare and not boxes[i]],
    rule="the rows of the rare class without a box",
    slips=(
        Slip("(labels == rare) & (np.array(boxes) == 0)", "np.array(boxes) == 0", "Only the rare class needs boxes."),
        Slip("(np.array(boxes) == 0)", "(np.array(boxes) > 0)", "Those have a box already."),
        Slip("(labels == rare) & (np.array(boxes) == 0)", "labels == rare", "Some of these have a box already."),
        Slip("np.flatnonzero(", "1 * (", "That says of each photo whether: return the row numbers."),
        Slip("labels == rare", "labels != rare", "Those are the photos of the other classes."),
    ),
    so_what="For 30 photos of a rare class that is a quarter of an hour in the editor. A network that looks at the "
    "right place for "
    "a quarter of an hour: cheap.",
)


EXERCISES = (LEAK, TO_BATCH, TO_DRAW)
