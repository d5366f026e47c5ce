"""Exercises of lesson 10: what a verdict rests on."""

from itertools import product

import numpy as np

from carekit.course.exercises.exercise import Choice, Exercise, Slip, drawn

WRONG_BOXES = Choice(
    name="wrong_boxes",
    lesson=10,
    title="What does a control with wrong boxes tell?",
    minutes=3,
    level="warm-up",
    variable="my_reading",
    task="CARE with true boxes raises the recall of the rare class by 12 points over the same second stage without "
    "attention, the interval leaves zero out. With boxes at random places it is 11 points, and the paired difference "
    "between the two has an interval from -3 to +5 points. What may you write?",
    choices={
        "a": (
            "looking at the lesion raises the recall",
            "boxes that miss the lesion raise it as well, so it is not shown that the lesion is the reason.",
        ),
        "b": (
            "the attention loss raises the recall, whatever the reason",
            "that is what both controls say together: it is not shown that it matters where the boxes are.",
        ),
        "c": (
            "it does not matter where the boxes are",
            "five points in favour of true boxes are within the interval: not shown is not the same as shown not.",
        ),
        "d": (
            "CARE does not help",
            "against the control without attention it does; only the reason is open.",
        ),
        "e": (
            "random boxes should be used instead of true ones, since they cost nothing and help as much",
            "one data set and five points of doubt are little to build such advice on.",
        ),
    },
    right="b",
    so_what="A gain over no attention tests the loss, a gain over wrong boxes tests the boxes. A study needs both.",
)


def _few(random: np.random.Generator) -> tuple:
    return (random.normal(0.3, 1.0, random.integers(2, 7)).round(3),)


def _counted(values: np.ndarray) -> float:
    reached = [
        abs(sum(sign * value for sign, value in zip(signs, values, strict=True))) >= abs(values.sum()) - 1e-12
        for signs in product((-1, 1), repeat=len(values))
    ]
    return sum(reached) / len(reached)


SIGN_FLIP = Exercise(
    name="sign_flip",
    lesson=10,
    title="A p-value by flipping signs",
    minutes=8,
    task="If two arms were alike, each seed's difference could as well have had the other sign. Try *all* ways to give "
    "the sizes of the differences a sign: what share of them has a mean at least as far from 0 as the one you found? "
    "That share is the p-value of the paired test.",
    hints=(
        "`itertools.product((-1, 1), repeat=n)` gives all ways; as an array (2ⁿ, n) they can be multiplied with "
        "`values`.",
        "Compare absolute values, and let `>=` forgive rounding: subtract 1e-12 on the right.",
    ),
    expected="Five differences of the same sign give 2 / 32 = 0.0625: with five seeds this test alone can never come "
    "below 0.05.",
    stub='''
def my_p(values):
    """values (n,): a difference for each seed. Returns the two-sided p-value of the sign-flip test."""
    ...
''',
    solution="""
def my_p(values):
    from itertools import product

    signs = np.array(list(product((-1, 1), repeat=len(values))))
    means = (signs * values).mean(1)
    return (abs(means) >= abs(values.mean()) - 1e-12).mean()
""",
    cases=drawn(_few, 12),
    truth=_counted,
    rule="the share of all 2ⁿ sign patterns whose mean is at least as far from zero",
    slips=(
        Slip(
            "abs(means) >= abs(values.mean()) - 1e-12",
            "means >= values.mean() - 1e-12",
            "That counts one side only: compare absolute values.",
        ),
        Slip(
            ">= abs(values.mean()) - 1e-12",
            "> abs(values.mean()) + 1e-12",
            "What you found is one of the ways, and counts: use >=.",
        ),
        Slip(
            "(signs * values).mean(1)",
            "(signs * values.mean()).mean(1)",
            "Each seed keeps its own size: flip the signs of the differences, not of their mean.",
        ),
        Slip(
            "repeat=len(values)",
            "repeat=len(values) - 1",
            "One seed is missing: there are 2ⁿ ways.",
        ),
        Slip(
            ".mean()\n",
            ".sum()\n",
            "That is how many ways there are: divide by their number.",
        ),
    ),
    so_what="Fewer seeds than six can never give p < 0.05 in this test. An interval can do with fewer, since it "
    "assumes that differences scatter as a normal distribution.",
)


def _interval(random: np.random.Generator) -> tuple:
    low, high = np.sort(random.normal(0, 0.03, 2))
    return float(low), float(high), 0.01


def _by_points(low: float, high: float, worth: float) -> int:
    """By asking which differences the interval allows."""
    allowed = np.linspace(low, high, 2001)
    if (allowed > 0).all():
        return 1
    return -1 if (allowed < worth).all() else 0


VERDICT = Exercise(
    name="verdict",
    lesson=10,
    title="From an interval to a verdict",
    minutes=5,
    task="The paper claims that an arm is *above* its control. From the 95 % interval of the paired difference, give "
    "the verdict: 1 (holds) where the whole interval lies above 0; -1 (does not) where the whole interval lies below "
    "`worth`, the smallest gain that is worth having (one point here); else 0 (undecided).",
    hints=(
        "Two comparisons decide: one for the lower end, one for the upper end.",
        "Ask first whether it holds: a small but certain gain lies above 0 and below `worth`.",
    ),
    expected="From 0.01 to 0.08: 1. From -0.04 to 0.005: -1. From -0.02 to 0.09: 0.",
    stub='''
def my_verdict(low, high, worth):
    """low, high: the interval's ends. worth: the smallest gain that counts. Returns 1, -1 or 0."""
    ...
''',
    solution="""
def my_verdict(low, high, worth):
    if low > 0:
        return 1
    return -1 if high < worth else 0
""",
    cases=drawn(_interval, 40),
    truth=_by_points,
    rule="1 above 0, -1 below the gain that is worth having, else 0",
    slips=(
        Slip("if low > 0:", "if low + high > 0:", "The middle above 0 is not enough: the whole interval must be."),
        Slip("-1 if high < worth else 0", "-1", "An interval that allows a gain is no proof against it: give 0."),
        Slip(
            "-1 if high < worth else 0",
            "-1 if high < 0 else 0",
            "Compare the upper end with `worth`: a gain of less than that is none.",
        ),
        Slip("if low > 0:", "if low > worth:", "A gain that is small but certain holds: compare the lower end with 0."),
    ),
    so_what="Undecided is the honest verdict of most small studies, and the one that is printed least.",
)


def _scores(random: np.random.Generator) -> tuple:
    rare, others = random.random(40) + 0.2, random.random(14)
    return rare.round(3), others.round(3) + 0.0005, int(random.integers(0, 12))


def _by_counting(rare: np.ndarray, others: np.ndarray, allowed: int) -> float:
    """Image by image: it is found if at most so many of the others score higher."""
    found = [sum(1 for other in others if other > score) <= allowed for score in rare]
    return sum(found) / len(found)


EQUAL = Exercise(
    name="equal_alarms",
    lesson=10,
    title="Recall at equal false alarms",
    minutes=6,
    task="A model that says the rare class more often finds more of it, and raises more false alarms. Compare fairly: "
    "put the threshold where exactly `allowed` images of other classes score higher. What share of the rare class's "
    "images scores above it?",
    hints=(
        "Sort the others from the highest score down: `np.sort(others)[::-1]`.",
        "The threshold is the score of the first image that must *not* pass, number `allowed` when one counts from 0.",
    ),
    expected="Rare scores 0.9, 0.6 and 0.2, others 0.8, 0.5 and 0.1: with one false alarm allowed, two of three.",
    stub='''
def my_recall(rare, others, allowed):
    """rare (m,), others (n,): scores of the rare class. allowed: false alarms, below n. Returns a share."""
    ...
''',
    solution="""
def my_recall(rare, others, allowed):
    threshold = np.sort(others)[::-1][allowed]
    return (rare > threshold).mean()
""",
    cases=drawn(_scores, 20),
    truth=_by_counting,
    rule="the share of the rare class's images that score above all but `allowed` of the others",
    slips=(
        Slip("[::-1][allowed]", "[allowed]", "That is the lowest threshold: sort from the highest score down."),
        Slip("[::-1][allowed]", "[::-1][max(allowed - 1, 0)]", "One false alarm too few passes: count from 0."),
        Slip("(rare > threshold).mean()", "(rare > threshold).sum()", "That is how many: give their share."),
        Slip("np.sort(others)", "np.sort(rare)", "The threshold is set by the *others*: they raise the alarms."),
    ),
    so_what="Most gains of recall by class weights shrink on this scale, and so may CARE's.",
)

FOLDS = Choice(
    name="folds",
    lesson=10,
    title="Why are folds made of lesions?",
    minutes=3,
    variable="my_split",
    task="HAM10000 has 91 images of dermatofibroma in the part used here, of fewer lesions. A cross-validation "
    "puts all images of a lesion into the same fold. Why?",
    choices={
        "a": ("to have as many images of each class in each fold", "that is what stratifying does, not grouping."),
        "b": (
            "so that the network is not tested on lesions that it was trained on",
            "a second photograph of a known lesion is no new patient: the recall would be too high.",
        ),
        "c": ("because boxes of one lesion must be equal", "boxes belong to images, whatever their fold."),
        "d": (
            "to make the interval narrower, since images of one lesion tell less than images of different ones",
            "it is true that they tell less, and so grouping makes the interval wider and honest.",
        ),
        "e": ("to train faster", "the number of images stays the same."),
    },
    right="b",
    so_what="For the same reason the intervals here are made by drawing lesions, not images.",
)

EXERCISES = (WRONG_BOXES, SIGN_FLIP, VERDICT, EQUAL, FOLDS)
