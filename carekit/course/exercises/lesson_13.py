"""Exercises of lesson 13: what stands between a folder of photos and a result."""

import numpy as np

from carekit.course.exercises.exercise import Choice, Exercise, Slip, drawn

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
    so_what="prepare splits by a column patient_id or lesion_id if there is a labels.csv that has one, and check "
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
    """labels: array of class numbers; boxes: how many each photo has; rare: a class. Returns row numbers."""
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


def _patients(random: np.random.Generator) -> tuple[list[int], list[bool]]:
    return random.integers(1, 9, 12).tolist(), (random.random(12) < 0.4).tolist()


def _in_both(patients: list[int], in_test: list[bool]) -> list[int]:
    found = []
    for patient in range(1, 9):
        parts = {test for each, test in zip(patients, in_test, strict=True) if each == patient}
        if len(parts) == 2:
            found.append(patient)
    return found


LEAKED = Exercise(
    name="leaked",
    lesson=13,
    title="Who is in both parts?",
    minutes=4,
    task="Each photo has the number of a patient, and is in the test part or not. Return the patients who are in both "
    "parts, in rising order: their test photos are no test.",
    hints=(
        "Make two sets: the patients of the test photos, and those of the others.",
        "`sorted(one & other)` gives what is in both.",
    ),
    expected="patients `[3, 1, 3]`, in_test `[True, False, False]`: `[3]`.",
    stub='''
def my_leaks(patients, in_test):
    """patients: a number for each photo; in_test: True or False for each. Returns the patients in both parts."""
    ...
''',
    solution="""
def my_leaks(patients, in_test):
    test = {patient for patient, tested in zip(patients, in_test) if tested}
    train = {patient for patient, tested in zip(patients, in_test) if not tested}
    return sorted(test & train)
""",
    cases=drawn(_patients, 6),
    truth=_in_both,
    rule="the patients who have a photo in each part",
    slips=(
        Slip("test & train", "test | train", "Those are the patients of either part: take those of both, with `&`."),
        Slip("test & train", "test - train", "Those are only in the test part: they are the good ones."),
        Slip("test & train", "train - test", "Those are only in the training part."),
        Slip(
            "sorted(test & train)",
            "[patient for patient, tested in zip(patients, in_test) if tested and patient in train]",
            "That is a row for each test photo: each patient once, in rising order.",
        ),
        Slip("if not tested", "", "The second set holds everybody: it should hold the training photos' patients."),
    ),
    so_what="Split by patient, not by photo. On real skin photos a leak of this kind is worth more recall than any "
    "method in this course, and all of it is gone at the next clinic.",
)


def _box(random: np.random.Generator) -> tuple[tuple[float, float, float, float], int, int]:
    wide, high = random.uniform(0.1, 0.5, 2)
    x, y = random.uniform(wide / 2, 1 - wide / 2), random.uniform(high / 2, 1 - high / 2)
    return (float(x), float(y), float(wide), float(high)), int(random.integers(300, 400)), int(random.integers(60, 90))


def _corners(box: tuple[float, float, float, float], width: int, height: int) -> list[float]:
    found = []
    for sign in (-0.5, 0.5):
        for middle, side, pixels in ((box[0], box[2], width), (box[1], box[3], height)):
            found.append((middle + sign * side) * pixels)
    return found


TO_PIXELS = Exercise(
    name="to_pixels",
    lesson=13,
    title="From another tool's box to ours",
    minutes=5,
    task="Many tools write a box as the *middle* and the *size*, in shares of the picture: (x, y, w, h), each from 0 "
    "to 1. carekit has the two corners in pixels: (x0, y0, x1, y1).",
    hints=(
        "The left edge is the middle less half of the width: `x - w / 2`.",
        "Shares along x are of the picture's width, shares along y of its height.",
    ),
    expected="(0.5, 0.5, 0.2, 0.4) in a picture 100 wide and 50 high: (40, 15, 60, 35).",
    stub='''
def my_corners(box, width, height):
    """box: (x, y, w, h) in shares; width, height of the picture in pixels. Returns (x0, y0, x1, y1) in pixels."""
    ...
''',
    solution="""
def my_corners(box, width, height):
    x, y, w, h = box
    return (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height
""",
    cases=drawn(_box, 5),
    truth=_corners,
    rule="the middle less and plus half of the size, in pixels of each side",
    slips=(
        Slip(
            "(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height",
            "x * width, y * height, (x + w) * width, (y + h) * height",
            "x and y were read as the upper left corner: they are the middle.",
        ),
        Slip(
            "(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height",
            "(x - w) * width, (y - h) * height, (x + w) * width, (y + h) * height",
            "The box is twice too large: half of the size lies on each side of the middle.",
        ),
        Slip(
            "(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height",
            "x - w / 2, y - h / 2, x + w / 2, y + h / 2",
            "Those are still shares: a box of shares, read as pixels, covers one pixel.",
        ),
        Slip(
            "(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height",
            "(x - w / 2) * height, (y - h / 2) * width, (x + w / 2) * height, (y + h / 2) * width",
            "Width and height of the picture are swapped.",
        ),
        Slip(
            "(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height",
            "(x - w / 2) * width, (x + w / 2) * width, (y - h / 2) * height, (y + h / 2) * height",
            "The order is x0, y0, x1, y1.",
        ),
    ),
    so_what="`python -m carekit prepare` reads YOLO, COCO, VOC and others, and refuses a table that could be read in "
    "two ways: look at a sheet with the boxes drawn (`python -m carekit sheet DATA --boxes`) before you train.",
)


EXERCISES = (LEAK, LEAKED, TO_DRAW, TO_PIXELS, TO_BATCH)
