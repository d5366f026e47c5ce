"""Exercises of lesson 1: accuracy, the mean class accuracy, and weights of classes."""

import numpy as np
import torch
from torch.nn import functional

from carekit.course.exercises.calling import Unusable
from carekit.course.exercises.exercise import Exercise, Slip, drawn


def _answers(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Labels of four classes of very different sizes, and what a mediocre classifier says: seldom the last."""
    labels = np.repeat(np.arange(4), random.permutation([17, 6, 3, 2]))
    guess = random.integers(0, 3, len(labels))
    said = np.where(random.random(len(labels)) < 0.6, labels, guess)
    return labels, np.where((said == 3) & (random.random() < 0.7), 0, said)


def _counted(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    table = np.zeros((classes, classes))
    for truth, said in zip(labels.tolist(), predicted.tolist(), strict=True):
        table[truth][said] += 1
    return table


def _mean_recall(labels: np.ndarray, predicted: np.ndarray) -> float:
    recalls = []
    for c in sorted(set(labels.tolist())):
        found = [said == c for truth, said in zip(labels.tolist(), predicted.tolist(), strict=True) if truth == c]
        recalls.append(sum(found) / len(found))
    return sum(recalls) / len(recalls)


CONFUSION = Exercise(
    name="confusion",
    lesson=1,
    title="Count who is taken for whom",
    minutes=4,
    level="warm-up",
    task="The **confusion matrix** has a row for each true class and a column for each answer: row 2, column 0 holds "
    "how "
    "many images of class 2 were called class 0.",
    hints=(
        "Begin with a table of zeros, `np.zeros((classes, classes))`, and go through the pairs of label and answer.",
        "`for truth, said in zip(labels, predicted):` adds 1 at `[truth, said]`. "
        "(`np.add.at(table, (labels, predicted), 1)` does it at once.)",
    ),
    expected="Labels `[0, 0, 1]` and answers `[0, 1, 1]` give `[[1, 1], [0, 1]]`.",
    stub='''
def my_confusion(labels, predicted, classes):
    """labels, predicted: arrays of class numbers. Returns the counts (classes, classes), a row for each true class."""
    ...
''',
    solution="""
def my_confusion(labels, predicted, classes):
    table = np.zeros((classes, classes))
    for truth, said in zip(labels, predicted):
        table[truth, said] += 1
    return table
""",
    cases=drawn(lambda random: (*_answers(random), 4)),
    truth=_counted,
    rule="the counts, a row for each true class and a column for each answer",
    slips=(
        Slip("[truth, said]", "[said, truth]", "Rows and columns are swapped: rows are the true classes."),
        Slip("+= 1", "= 1", "That only marks which pairs occur: count them, with +=."),
        Slip("return table", "return table / len(labels)", "Those are shares of all images: return the counts."),
        Slip(
            "return table",
            "return table / table.sum(1, keepdims=True)",
            "Those are shares of each true class, with the recalls on the diagonal: return the counts.",
        ),
        Slip(
            "table[truth, said] += 1",
            "table[truth, said] += truth != said",
            "The right answers are missing: they stand on the diagonal.",
        ),
    ),
    so_what="Its diagonal over its row sums are the recalls; over its column sums, the precisions. All of this "
    "lesson's "
    "numbers come from this one table.",
)

MCA = Exercise(
    name="mca",
    cell="exercise",
    lesson=1,
    title="Write the mean class accuracy",
    minutes=5,
    task="The mean of the recalls: of each class that has an image, the share of its images that are recognised.",
    hints=(
        "The classes are those of the *labels*: `np.unique(labels)`. For each, look at its own images only.",
        "`predicted[labels == c] == c` says of each image of class `c` whether it was recognised; its mean is the "
        "recall. Then the mean over the classes.",
    ),
    expected="Labels `[0, 0, 0, 1]` and answers `[0, 0, 1, 1]`: recalls 2/3 and 1, so 0.833. (The accuracy is 0.75.)",
    stub='''
def my_mca(labels, predicted):
    """labels, predicted: arrays of class numbers. Returns the mean of the recalls."""
    ...
''',
    solution="""
def my_mca(labels, predicted):
    classes = np.unique(labels)
    return np.mean([np.mean(predicted[labels == c] == c) for c in classes])
""",
    cases=drawn(_answers),
    truth=_mean_recall,
    rule="the mean of the recalls",
    slips=(
        Slip(
            "return np.mean([np.mean(predicted[labels == c] == c) for c in classes])",
            "return np.mean(labels == predicted)",
            "That is the accuracy: each image counts alike, so the largest class decides it.",
        ),
        Slip(
            "predicted[labels == c] == c",
            "labels[predicted == c] == c",
            "That is the mean precision: choose the images by their label, not by the answer.",
        ),
        Slip("return np.mean([", "return np.sum([", "That is the sum of the recalls: divide by the number of classes."),
        Slip("return np.mean", "return 100 * np.mean", "That is in percent: give the share, from 0 to 1."),
        Slip(
            "np.unique(labels)",
            "np.unique(predicted)",
            "The classes are taken from the answers, so a class that is never named is left out, and that is the "
            "very one "
            "that matters: take them from the labels.",
        ),
        Slip(
            "np.mean(predicted[labels == c] == c)",
            "np.sum(predicted[labels == c] == c) / len(labels)",
            "Divide each class by the number of its own images, not by that of all.",
        ),
    ),
    so_what="Two images of a small class now weigh as much as a thousand of a large one. That is why the paper "
    "judges by "
    "it, and why it is noisy: one image more or less of a class of 23 moves it.",
)


def _scores_of(function: object, labels: np.ndarray) -> tuple[float, float]:
    """Accuracy and MCA of the answers that a function gives."""
    predicted = np.asarray(function(labels))  # type: ignore[operator]
    if predicted.shape != labels.shape or predicted.dtype.kind not in "iu":
        raise Unusable("Return one class number for each label: an array of whole numbers, as long as `labels`.")
    return float(np.mean(predicted == labels)), _mean_recall(labels, predicted)


def _lopsided(random: np.random.Generator) -> tuple[np.ndarray]:
    sizes = random.permutation([93, 3, 2, 2])
    return (random.permutation(np.repeat(np.arange(4), sizes)),)


FORGETFUL = Exercise(
    name="forgetful",
    lesson=1,
    title="Build a classifier that looks good and is worthless",
    minutes=4,
    task="Give answers whose accuracy is above 90 % while the MCA is as low as that of one constant answer, 1 / "
    "classes. "
    "The check draws labels of four classes; one of them, and not always the same, has 93 % of the images.",
    hints=(
        "Which answer is right most often if you must give the same one to everybody?",
        "`np.bincount(labels).argmax()` is the largest class. `np.full(len(labels), ...)` repeats a number.",
    ),
    expected="Labels `[2, 2, 2, 0]` give `[2, 2, 2, 2]`: accuracy 0.75, and recalls 0 and 1.",
    stub='''
def my_forgetful(labels):
    """labels: an array of class numbers. Returns the answers, an array as long, of a classifier without any use."""
    ...
''',
    solution="""
def my_forgetful(labels):
    largest = np.bincount(labels).argmax()
    return np.full(len(labels), largest)
""",
    probe=_scores_of,
    cases=drawn(_lopsided),
    truth=lambda labels: (max(labels.tolist().count(c) for c in range(4)) / len(labels), 1 / 4),
    rule="accuracy and MCA",
    slips=(
        Slip("argmax", "argmin", "That names the smallest class: its accuracy is as bad as its MCA."),
        Slip("np.bincount(labels).argmax()", "0", "Class 0 is not always the largest: count first."),
        Slip("np.full(len(labels), largest)", "labels", "Those are the right answers: its MCA is perfect."),
        Slip(
            "np.bincount(labels).argmax()", "labels.max()", "That is the largest class *number*, not the largest class."
        ),
        Slip(
            "np.full(len(labels), largest)",
            "np.where(np.arange(len(labels)) == np.flatnonzero(labels != largest)[0], labels, largest)",
            "One image of a small class is recognised, so the MCA is a little better than it should be.",
        ),
    ),
    so_what="A newspaper would print '93 % of all images recognised'. Each patient with one of the other diseases "
    "would be "
    "sent home.",
)

WEIGHTS = Exercise(
    name="class_weights",
    lesson=1,
    title="Weigh the classes",
    minutes=4,
    task="Cost-sensitive learning counts an image of class $c$ with the weight $n / (C\\, n_c)$: $n$ images in all, "
    "$C$ "
    "classes, $n_c$ images of this class. Then each class contributes the same to the loss.",
    hints=(
        "`counts.sum()` is n, `len(counts)` is C.",
        "Arrays divide element by element: `counts.sum() / (... * counts)`.",
    ),
    expected="Counts `[6, 2]` give `[0.667, 2.0]`; and 6 · 0.667 = 2 · 2.0 = 4, half of all images.",
    stub='''
def my_weights(counts):
    """counts: an array with the number of images of each class. Returns the weight of an image of each class."""
    ...
''',
    solution="""
def my_weights(counts):
    return counts.sum() / (len(counts) * counts)
""",
    cases=drawn(lambda random: (random.integers(2, 900, random.integers(2, 8)).astype(float),)),
    truth=lambda counts: [sum(counts.tolist()) / len(counts) / n for n in counts.tolist()],
    rule="n / (C n_c) for each class",
    slips=(
        Slip("len(counts) * counts", "counts", "The number of classes is missing: the weights are C times too large."),
        Slip(
            "counts.sum() / (len(counts) * counts)",
            "1 / counts",
            "That is 1 / n_c: the loss would shrink with the data.",
        ),
        Slip(
            "counts.sum() / (len(counts) * counts)",
            "len(counts) * counts / counts.sum()",
            "That is upside down: the largest class gets the largest weight.",
        ),
        Slip(
            "counts.sum() / (len(counts) * counts)",
            "(1 / counts) / (1 / counts).sum()",
            "Those weights sum to 1. They have the right ratios, but the loss, and with it the step, becomes smaller.",
        ),
        Slip(
            "counts.sum() / (len(counts) * counts)",
            "np.sqrt(counts.sum() / (len(counts) * counts))",
            "That is the root of the weights: a known compromise, but not what is asked here.",
        ),
    ),
    so_what="n_c times the weight is n / C for each class: they now speak equally loudly. But the same few images are "
    "only counted more, and nothing new is known about *where* in them to look.",
)


def _batch(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    labels = random.integers(0, 3, 8)
    return random.random(8) * 3, labels, np.array([0.4, 1.0, 4.0])[random.permutation(3)]


def _torchs(losses: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    """The weighted cross-entropy, by torch, of logits that have just these losses."""
    of_label = torch.tensor(losses).neg().exp()[:, None]  # the probability of the true class: (b, 1)
    probabilities = ((1 - of_label) / 2).repeat(1, 3)  # (b, 3)
    probabilities.scatter_(1, torch.tensor(labels)[:, None], of_label)
    return functional.cross_entropy(probabilities.log(), torch.tensor(labels), torch.tensor(weights)).item()


WEIGHTED_LOSS = Exercise(
    name="weighted_loss",
    lesson=1,
    title="Use the weights in a loss",
    minutes=5,
    task="The loss of a batch is the *weighted mean* of its images' losses: each counts with the weight of its "
    "class, and "
    "the sum is divided by the sum of the weights that were used (as `torch.nn.CrossEntropyLoss(weight=...)` does).",
    hints=(
        "`weights[labels]` looks up the weight of each image.",
        "A weighted mean is `(w * x).sum() / w.sum()`.",
    ),
    expected="Losses `[1, 3]`, labels `[0, 1]`, weights `[1, 3]` give (1 · 1 + 3 · 3) / 4 = 2.5.",
    stub='''
def my_weighted_loss(losses, labels, weights):
    """losses, labels: of each image; weights: of each class. Returns one number."""
    ...
''',
    solution="""
def my_weighted_loss(losses, labels, weights):
    w = weights[labels]
    return (w * losses).sum() / w.sum()
""",
    cases=drawn(_batch),
    truth=_torchs,
    rule="the weighted mean of the losses",
    slips=(
        Slip(
            "/ w.sum()",
            "/ len(losses)",
            "Divide by the sum of the weights: else a batch of rare images takes a larger step.",
        ),
        Slip("w = weights[labels]", "w = np.ones(len(losses))", "That is the plain mean: no weight is used."),
        Slip(" / w.sum()", "", "That is the weighted sum: divide by the sum of the weights."),
        Slip(
            "w = weights[labels]", "w = 1 / weights[labels]", "The weights are inverted: rare classes would count less."
        ),
        Slip(
            "/ w.sum()",
            "/ weights.sum()",
            "Divide by the weights of the images in the batch, `weights[labels]`, not by those of the classes.",
        ),
    ),
    so_what="`torch.nn.CrossEntropyLoss(weight=torch.tensor(my_weights(counts)))` is all that it takes. The kit has "
    "it as a "
    "strategy, beside a dozen others.",
)

EXERCISES = (CONFUSION, MCA, FORGETFUL, WEIGHTS, WEIGHTED_LOSS)
