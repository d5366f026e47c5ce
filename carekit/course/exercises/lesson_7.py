"""Exercises of lesson 7: what the treatments of imbalance do, each in a few lines."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from carekit.course.exercises.calling import Unusable
from carekit.course.exercises.exercise import Choice, Exercise, Slip, drawn


def _counts(random: np.random.Generator) -> np.ndarray:
    return random.permutation([1, 7, 40, 300])


def _effective(counts: np.ndarray, beta: float) -> list[float]:
    """By the geometric sum: the n-th image brings beta times what the one before it brought."""
    weights = [1 / sum(beta**i for i in range(n)) for n in counts.tolist()]
    mean = sum(weights) / len(weights)
    return [weight / mean for weight in weights]


EFFECTIVE = Exercise(
    name="effective_number",
    lesson=7,
    title="Weigh a class by its effective number of images",
    minutes=5,
    level="warm-up",
    task="The tenth image of a class brings less that is new than the first. If each brings $\\beta$ times what the "
    "one before it brought, $n$ images are worth $(1 - \\beta^n) / (1 - \\beta)$. Weigh each class by one over that, "
    "and scale the weights so that their *mean* is 1.",
    hints=(
        "Two lines: first the number that each class is worth, an array; then one over it.",
        "`weights / weights.mean()` scales them.",
    ),
    expected="Counts `[1, 2]` with beta = 0.5: worth 1 and 1.5, so weights 1.2 and 0.8.",
    stub='''
def my_weights(counts, beta):
    """counts (c,): images of each class. beta in [0, 1). Returns a weight for each class (c,), with a mean of 1."""
    ...
''',
    solution="""
def my_weights(counts, beta):
    worth = (1 - beta**counts) / (1 - beta)
    weights = 1 / worth
    return weights / weights.mean()
""",
    cases={
        **drawn(lambda random: (_counts(random).astype(float), 0.9), 3),
        "a larger beta": lambda: (np.array([300.0, 20.0, 2.0]), 0.99),
    },
    truth=lambda counts, beta: _effective(counts.astype(int), beta),
    rule="one over the effective numbers, with a mean of 1",
    slips=(
        Slip("1 / worth", "worth", "Upside down: the rare class must weigh more, so take one over its worth."),
        Slip("weights / weights.mean()", "weights / weights.sum()", "They sum to 1: scale them to a *mean* of 1."),
        Slip("return weights / weights.mean()", "return weights", "They are not scaled: divide them by their mean."),
        Slip(
            "(1 - beta**counts) / (1 - beta)",
            "counts",
            "That is one over the counts, where each image is worth as much as the first: beta is missing.",
        ),
        Slip("beta**counts", "counts**beta", "The power is turned round: beta to the power of the count."),
    ),
    so_what="With β = 0 all classes weigh alike, towards β = 1 it becomes one over the counts. The paper's CSL is that "
    "end.",
)


def _logits(random: np.random.Generator) -> tuple[Tensor, Tensor]:
    return torch.tensor(random.normal(size=(5, 4)) * 2, dtype=torch.float64), torch.tensor(random.integers(0, 4, 5))


def _sure() -> tuple[Tensor, Tensor, float]:
    """An image of which the network is so sure that p is 1 in floating point."""
    logits, labels = _logits(np.random.default_rng(9))
    logits[0] = torch.tensor([60.0, 0.0, 0.0, 0.0])
    labels[0] = 0
    return logits, labels, 0.5


def _loss_and_slope(function: Callable, logits: Tensor, labels: Tensor, *rest: object) -> Any:
    """The loss and its gradient by the logits: what a step would do."""
    logits = logits.clone().requires_grad_()
    loss = function(logits, labels, *rest)
    if loss is None or loss is ...:
        return loss
    if not isinstance(loss, Tensor) or loss.shape != ():
        raise Unusable("Return the loss as a tensor with a single number: end with `.mean()`.")
    if not loss.requires_grad:
        raise Unusable("The loss hangs on no graph: compute it with torch from the logits, without `.item()`.")
    (gradient,) = torch.autograd.grad(loss, logits)
    return [loss.detach(), *gradient.flatten()]


def _focal(logits: Tensor, labels: Tensor, gamma: float) -> list[float]:
    """Image by image: p from exponentials, and the slope of -(1 - p)^gamma log p by the chain rule, both in Python."""
    total, slopes = 0.0, []
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        top = max(row)
        each = [math.exp(value - top) for value in row]
        missing = sum(value for c, value in enumerate(each) if c != label) / sum(each)  # 1 - p without cancellation
        p = each[label] / sum(each)
        total += -(missing**gamma) * math.log1p(-missing if missing < 0.5 else p - 1)
        # The slope of log p by its logit is 1 - p, by another -p_c; that of (1 - p)^gamma by p is
        # -gamma (1 - p)^(gamma - 1).
        power = missing ** (gamma - 1) if gamma and missing > 1e-12 else 0.0
        by_log_p = gamma * power * p * math.log(p) - missing**gamma
        slopes += [by_log_p * ((c == label) - value / sum(each)) for c, value in enumerate(each)]
    return [total / len(labels), *(slope / len(labels) for slope in slopes)]


FOCAL = Exercise(
    name="focal",
    lesson=7,
    title="Write the focal loss, with a slope that is finite everywhere",
    minutes=10,
    level="bonus",
    task="The focal loss is the mean of $-(1 - p)^\\gamma \\log p$, with $p$ the probability of the true class: what "
    "is already right counts less. The trap: for $\\gamma < 1$ the slope of $(1 - p)^\\gamma$ at $p = 1$ is infinite, "
    "and infinity times zero is NaN. Keep $1 - p$ a little above 0. The check looks at the gradient, too, in 64 bits.",
    hints=(
        "`log_p = torch.log_softmax(logits, 1)[torch.arange(len(labels)), labels]`, and `p` is its `exp()`.",
        "`(1 - p).clamp(min=1e-12)` is never 0, and passes no slope where it was: the product is finite.",
    ),
    expected="With gamma = 0 the cross-entropy, `torch.nn.functional.cross_entropy(logits, labels)`.",
    stub='''
def my_focal(logits, labels, gamma):
    """logits (b, c) and labels (b,), tensors. Returns the mean of -(1 - p)^gamma log p, a tensor."""
    ...
''',
    solution="""
def my_focal(logits, labels, gamma):
    log_p = torch.log_softmax(logits, 1)[torch.arange(len(labels)), labels]
    missing = (1 - log_p.exp()).clamp(min=1e-12)
    return (-(missing**gamma) * log_p).mean()
""",
    probe=_loss_and_slope,
    cases={
        **drawn(lambda random: (*_logits(random), 2.0), 2),
        "a gamma below 1": lambda: (*_logits(np.random.default_rng(7)), 0.5),
        "gamma 0": lambda: (*_logits(np.random.default_rng(8)), 0.0),
        "p = 1, gamma below 1": _sure,
    },
    truth=_focal,
    rule="the mean of -(1 - p)^gamma log p, with a finite gradient",
    slips=(
        Slip(
            ".clamp(min=1e-12)",
            "",
            "Right, but where p is 1 the gradient is NaN, and one such image ruins all weights: keep 1 - p above 0.",
        ),
        Slip("(1 - log_p.exp())", "log_p.exp()", "That is p to the power of gamma: what is right would count more."),
        Slip(").mean()", ").sum()", "That is the sum over the batch: take the mean."),
        Slip("(-(missing**gamma) * log_p)", "(missing**gamma * log_p)", "The sign: a loss falls as p grows."),
        Slip("missing**gamma", "missing * gamma", "Times gamma is no power: write missing**gamma."),
    ),
    so_what="A rare class that is seldom right keeps its weight while the large ones lose theirs. That a class is rare "
    "the focal loss does not know: it only knows what is hard.",
)


def _offered(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return random.normal(size=(6, 4)) * 3, _counts(random).astype(float)


def _by_bayes(logits: np.ndarray, counts: np.ndarray) -> list[list[float]]:
    """Probabilities of a world with equally likely classes: p(c | x) / share of c, made to sum to 1."""
    rows = []
    for row in logits.tolist():
        likely = [math.exp(value) / count for value, count in zip(row, counts.tolist(), strict=True)]
        rows.append([value / sum(likely) for value in likely])
    return rows


ADJUST = Exercise(
    name="adjust",
    lesson=7,
    title="Take the frequencies out of the scores",
    minutes=6,
    task="A network trained on many nevi says nevus when in doubt, and by Bayes' rule it is right to. Logit adjustment "
    "takes the classes' shares π out again: $y_c - \\log \\pi_c$. Return the *probabilities* after that.",
    hints=(
        "The shares are `counts / counts.sum()`; NumPy's `np.log` takes the whole array at once.",
        "A softmax of each row: `np.exp(y)`, divided by its sum over the classes with `keepdims=True`.",
    ),
    expected="Scores `[[0, 0]]` with counts `[90, 10]`: probabilities 0.1 and 0.9.",
    stub='''
def my_adjusted(logits, counts):
    """logits (n, c), counts (c,): training images of each class. Returns probabilities (n, c)."""
    ...
''',
    solution="""
def my_adjusted(logits, counts):
    y = logits - np.log(counts / counts.sum())
    e = np.exp(y)
    return e / e.sum(1, keepdims=True)
""",
    cases=drawn(_offered),
    truth=_by_bayes,
    rule="the softmax of y - log π",
    slips=(
        Slip(
            "logits - np.log",
            "logits + np.log",
            "The sign: plus is what balanced softmax does *in training*; afterwards it is minus.",
        ),
        Slip("np.log(counts / counts.sum())", "counts / counts.sum()", "The logarithm is missing."),
        Slip("e.sum(1, keepdims=True)", "e.sum()", "The sum runs over all images: each row sums to 1 by itself."),
        Slip("return e / e.sum(1, keepdims=True)", "return y", "Those are the scores: return the probabilities."),
        Slip(
            "logits - np.log(counts / counts.sum())",
            "logits",
            "Those are the probabilities as they were: the shares are still in them.",
        ),
    ),
    so_what="Not one weight of the trunk has changed: the maps, and where the network looks, are the same as before.",
)


def _labels(random: np.random.Generator) -> tuple[np.ndarray]:
    return (random.permutation(np.repeat([0, 1, 3], [12, 5, 2])),)  # no image of class 2


def _chance_of_each(labels: np.ndarray) -> list[float]:
    """A class first, each with the same chance, then one of its images."""
    there = sorted(set(labels.tolist()))
    return [1 / len(there) / labels.tolist().count(label) for label in labels.tolist()]


CHANCES = Exercise(
    name="chances",
    lesson=7,
    title="Draw the classes equally often",
    minutes=6,
    task="Balanced sampling draws each image with a chance such that every class *that has images* is drawn equally "
    "often, and all images of a class alike. Return these chances; they sum to 1.",
    hints=(
        "An image's chance is one over the size of its class, up to a factor.",
        "`np.bincount(labels)[labels]` is, for each image, how many its class has.",
    ),
    expected="Labels `[0, 0, 0, 1]`: chances 1/6, 1/6, 1/6 and 1/2.",
    stub='''
def my_chances(labels):
    """labels (n,): class numbers. Returns each image's chance to be drawn (n,), which sum to 1."""
    ...
''',
    solution="""
def my_chances(labels):
    chances = 1 / np.bincount(labels)[labels]
    return chances / chances.sum()
""",
    cases=drawn(_labels),
    truth=_chance_of_each,
    rule="one over the size of the image's class, scaled to a sum of 1",
    slips=(
        Slip(
            "return chances / chances.sum()",
            "return chances",
            "They sum to the number of classes: divide by their sum.",
        ),
        Slip("1 / np.bincount(labels)[labels]", "np.bincount(labels)[labels]", "Upside down: large classes gain."),
        Slip(
            "1 / np.bincount(labels)[labels]",
            "np.ones(len(labels))",
            "All images alike is plain shuffling: the chance must depend on the class.",
        ),
        Slip(
            "chances / chances.sum()",
            "chances / (labels.max() + 1)",
            "A class without images was counted: only those that are there share the draws.",
        ),
    ),
    so_what="The two images of the smallest class are now in almost every batch, the same two: sampling makes no new "
    "lesion, and no new background.",
)


def _cut_case(random: np.random.Generator) -> tuple:
    m_in = np.zeros((8, 10))
    m_in[2:6, 3:7] = 1
    y0, x0 = random.integers(0, 5), random.integers(0, 6)
    return m_in, (int(y0), int(y0 + random.integers(2, 4)), int(x0), int(x0 + random.integers(2, 4)))


def _what_stays(m_in: np.ndarray, patch: tuple[int, int, int, int]) -> list[float]:
    y0, y1, x0, x1 = patch
    covered = left = 0
    for y, x in np.ndindex(*m_in.shape):
        inside = y0 <= y < y1 and x0 <= x < x1
        covered += inside
        left += m_in[y, x] > 0 and not inside
    return [1 - covered / m_in.size, float(left), float(left > 0)]


CUT_BOX = Exercise(
    name="cut_box",
    lesson=7,
    title="What CutMix leaves of a box",
    minutes=6,
    level="bonus",
    task="CutMix puts a patch of another image over rows y0 to y1 and columns x0 to x1 (half-open). Return three "
    "numbers: the *share* of the image that is still its own, by which its label counts; how many *pixels of its box* "
    "are left; and 1 if there is a box at all any more, else 0.",
    hints=(
        "Work on a copy: `left = m_in.copy()`, then set the patch to 0.",
        "The share is one minus the patch's area over the image's, `m_in.size`.",
    ),
    expected="A box of 4 x 4 in an image of 8 x 10, wholly covered by a patch of 4 x 5: 0.75, 0 and 0.",
    stub='''
def my_cut(m_in, patch):
    """m_in (h, w): 1 inside the box. patch: (y0, y1, x0, x1). Returns (share, pixels left of the box, 1 or 0)."""
    ...
''',
    solution="""
def my_cut(m_in, patch):
    y0, y1, x0, x1 = patch
    left = m_in.copy()
    left[y0:y1, x0:x1] = 0
    share = 1 - (y1 - y0) * (x1 - x0) / m_in.size
    return share, left.sum(), float(left.any())
""",
    cases={**drawn(_cut_case, 4), "all covered": lambda: (_cut_case(np.random.default_rng(0))[0], (2, 6, 3, 7))},
    truth=_what_stays,
    rule="the share of the image, the pixels of the box that are left, and whether any is",
    slips=(
        Slip("share = 1 - (", "share = (", "That is the patch's share: the image's own is what is left of 1."),
        Slip("/ m_in.size", "/ m_in.sum()", "The share is of the whole image, not of the box."),
        Slip("left[y0:y1, x0:x1]", "left[x0:x1, y0:y1]", "Rows and columns are swapped: rows are y."),
        Slip(
            "left[y0:y1, x0:x1] = 0\n",
            "pass\n",
            "The box is as it was: where the patch lies, the image shows another lesion.",
        ),
        Slip(
            "float(left.any())", "1.0", "A box that is wholly covered is none: else the map is asked to fill nothing."
        ),
    ),
    so_what="An attention loss on the old box would teach the network to look at another image's skin. So carekit cuts "
    "the mask with the image, and an image whose box is gone counts in L_c alone.",
)

PROOF = Choice(
    name="what_proves",
    lesson=7,
    title="Does it find more, or only say the name more often?",
    minutes=2,
    level="warm-up",
    variable="my_column",
    task="Class weights raise the recall of the rare class. Which column tells whether the network tells the rare "
    "class from the others *better* than before?",
    choices={
        "a": ("its recall", "whoever calls every image df has a recall of 1."),
        "b": ("the accuracy", "the large classes decide it."),
        "c": ("its recall at the control's false alarms", "as many others are called df as before: more df is better."),
        "d": ("the mean class accuracy, over all the classes of the set", "it rises with that recall, right or wrong."),
        "e": ("the loss on the training images", "it was changed by the weights themselves."),
    },
    right="c",
    so_what="AUC of the rare class says the same over all thresholds at once.",
)

EXERCISES = (EFFECTIVE, FOCAL, ADJUST, CHANCES, CUT_BOX, PROOF)
