"""Exercises of lesson 1: accuracy, the mean class accuracy, and weights of classes."""

import numpy as np
import torch
from torch.nn import functional

from carekit.course.exercises.calling import Unusable
from carekit.course.exercises.exercise import drawn, solution


def draw_answers(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Labels of four classes of very different sizes, and what a mediocre classifier says: seldom the last."""
    labels = np.repeat(np.arange(4), random.permutation([17, 6, 3, 2]))
    guess = random.integers(0, 3, len(labels))
    predicted = np.where(random.random(len(labels)) < 0.6, labels, guess)
    # In most cases class 3 is never named: classes taken from the answers then lose it, and only then.
    return labels, np.where((predicted == 3) & (random.random() < 0.7), 0, predicted)


def count_pairs(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """The confusion matrix, pair by pair."""
    table = np.zeros((classes, classes))
    for truth, said in zip(labels.tolist(), predicted.tolist(), strict=True):
        table[truth][said] += 1
    return table


def mean_recall(labels: np.ndarray, predicted: np.ndarray) -> float:
    """The mean of the recalls, from the counts: the diagonal over the sum of each row that has an image."""
    table = count_pairs(labels, predicted, int(max(labels.max(), predicted.max())) + 1).tolist()
    recalls = [row[c] / sum(row) for c, row in enumerate(table) if sum(row)]
    return sum(recalls) / len(recalls)


@solution(cases=drawn(lambda random: (*draw_answers(random), 4)), truth=count_pairs)
def my_confusion(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """labels, predicted: arrays of class numbers. Returns the counts (classes, classes), a row for each true class."""
    table = np.zeros((classes, classes))
    for truth, said in zip(labels, predicted):
        table[truth, said] += 1
    return table


@solution(cases=drawn(draw_answers), truth=mean_recall)
def my_mca(labels: np.ndarray, predicted: np.ndarray) -> float:
    """labels, predicted: arrays of class numbers. Returns the mean of the recalls."""
    classes = np.unique(labels)
    return np.mean([np.mean(predicted[labels == c] == c) for c in classes])


def accuracy_and_mca(function: object, labels: np.ndarray) -> tuple[float, float]:
    """Accuracy and MCA of the answers that a function gives."""
    predicted = np.asarray(function(labels))  # type: ignore[operator]
    if predicted.shape != labels.shape or predicted.dtype.kind not in "iu":
        raise Unusable("Return one class number for each label: an array of whole numbers, as long as `labels`.")
    return float(np.mean(predicted == labels)), mean_recall(labels, predicted)


def draw_lopsided(random: np.random.Generator) -> tuple[np.ndarray]:
    # The large class is another one in each case, so that a fixed answer fails.
    sizes = random.permutation([93, 3, 2, 2])
    return (random.permutation(np.repeat(np.arange(4), sizes)),)


@solution(
    cases=drawn(draw_lopsided),
    truth=lambda labels: (max(labels.tolist().count(c) for c in range(4)) / len(labels), 1 / 4),
    probe=accuracy_and_mca,
)
def my_forgetful(labels: np.ndarray) -> np.ndarray:
    """labels: an array of class numbers. Returns the answers, an array as long, of a classifier without any use."""
    largest = np.bincount(labels).argmax()
    return np.full(len(labels), largest)


@solution(
    # The number of classes varies: with a fixed one, leaving it out would be a constant factor that goes unseen.
    cases=drawn(lambda random: (random.integers(2, 900, random.integers(2, 8)).astype(float),)),
    truth=lambda counts: [sum(counts.tolist()) / len(counts) / n for n in counts.tolist()],
)
def my_weights(counts: np.ndarray) -> np.ndarray:
    """counts: an array with the number of images of each class. Returns the weight of an image of each class."""
    return counts.sum() / (len(counts) * counts)


def draw_batch(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # Weights that are far apart: the mean over images and that over weights then differ in every batch.
    labels = random.integers(0, 3, 8)
    return random.random(8) * 3, labels, np.array([0.4, 1.0, 4.0])[random.permutation(3)]


def weighted_by_torch(losses: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    """The weighted cross-entropy, by torch, of logits that have just these losses."""
    of_label = torch.tensor(losses).neg().exp()[:, None]  # the probability of the true class: (b, 1)
    probabilities = ((1 - of_label) / 2).repeat(1, 3)  # (b, 3)
    probabilities.scatter_(1, torch.tensor(labels)[:, None], of_label)
    return functional.cross_entropy(probabilities.log(), torch.tensor(labels), torch.tensor(weights)).item()


@solution(cases=drawn(draw_batch), truth=weighted_by_torch)
def my_weighted_loss(losses: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    """losses, labels: of each image; weights: of each class. Returns one number."""
    w = weights[labels]
    return (w * losses).sum() / w.sum()
