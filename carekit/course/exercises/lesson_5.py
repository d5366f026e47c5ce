"""Exercises of lesson 5: the CARE step, the loop of both stages, and whether a gain is one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy import stats
from torch import Tensor, nn

from carekit.course.exercises.calling import Unusable
from carekit.course.exercises.exercise import Choice, Exercise, Slip, drawn, t_of
from carekit.objectives import Care

CONTROL = Choice(
    name="fair_control",
    lesson=5,
    title="What is the fair control of CARE?",
    minutes=2,
    level="warm-up",
    cell="exercise",
    variable="my_control",
    task="With what must a network that was fine-tuned with CARE be compared?",
    choices={
        "a": (
            "the pretrained model",
            "it was trained for fewer epochs, so longer training alone could explain a gain.",
        ),
        "b": (
            "the same second stage with α = 0",
            "same start, epochs, seeds and order of images; only attention is missing.",
        ),
        "c": ("a network trained from scratch with both losses", "that changes the start as well."),
        "d": (
            "the same second stage with α = 0 and the learning rate that suits it best",
            "then the control was tuned and CARE was not, so the learning rate could explain a difference.",
        ),
        "e": (
            "the same second stage with α = 0, each at its best epoch on the test images",
            "the best of many epochs is luck, and the test images would have chosen it.",
        ),
    },
    right="b",
    so_what="Everything that is not the method must be the same, luck included.",
)


def _step(random: np.random.Generator, alpha: float = 0.5, tau: float = 0.7, lam: float = 2.0) -> tuple:
    """Features behind no layer, a head that is not linear, masks at the size of the map; every second image has a "
    "box."""
    features = torch.tensor(random.normal(size=(4, 3, 4, 5)), dtype=torch.float32, requires_grad=True)
    weight = torch.tensor(random.normal(size=(3, 5)), dtype=torch.float32)
    logits = (features * features.tanh()).mean((2, 3)) @ weight  # (b, k, u, v) -> (b, c)
    m_in = torch.zeros(4, 4, 5)
    m_in[0, 1:3, 1:4] = 1
    m_in[2, 0:2, 2:5] = 1
    labels = torch.tensor(random.integers(0, 5, 4))
    return logits, features, labels, m_in, torch.tensor([True, False, True, False]), alpha, tau, lam


def _loss_and_push(function: Callable, logits: Tensor, features: Tensor, *rest: object) -> Any:
    """The loss and its gradient by the features: what a step would do."""
    loss = function(logits, features, *rest)
    if loss is None or loss is ...:
        return loss
    if not isinstance(loss, Tensor) or loss.shape != ():
        raise Unusable("Return the loss as a tensor with a single number, such as `(1 - alpha) * L_c + alpha * L_a`.")
    if not loss.requires_grad:
        raise Unusable(
            "The loss hangs on no graph, so that no step could follow: do not detach the map, or use .item()."
        )
    (gradient,) = torch.autograd.grad(loss, features)
    return [loss.detach(), *gradient.flatten()]


def _by_care(
    logits: Tensor,
    features: Tensor,
    labels: Tensor,
    m_in: Tensor,
    has_box: Tensor,
    alpha: float,
    tau: float,
    lam: float,
) -> Any:
    care = Care(alpha=alpha, tau=tau, lam=lam)

    def loss(logits: Tensor, features: Tensor) -> Tensor:
        return care(logits, features, labels, m_in, has_box).total

    return _loss_and_push(loss, logits, features)


CARE_STEP = Exercise(
    name="care_step",
    lesson=5,
    title="Write the CARE step",
    minutes=12,
    task="The whole method in a dozen lines of PyTorch: map, masks, three losses. The masks have the size of the map "
    "here. "
    "The check compares your loss *and its gradient* with `carekit.Care`.",
    hints=(
        "The order: the score of the true class -> its gradient by the features, `torch.autograd.grad(..., features, "
        "retain_graph=True)` -> sigma, a constant of this step -> the map -> min-max -> the mean inside and outside "
        "-> L.",
        "Of the boxed images only: `F, m = F[has_box], m_in[has_box]`. Then `inside = (F * m).sum((1, 2)) / "
        "m.sum((1, 2))`, "
        "the same with `1 - m`, and `(-inside.clamp(max=tau) + lam * outside).mean()`.",
    ),
    expected="The same number as `Care(alpha=alpha, tau=tau, lam=lam)(logits, features, labels, m_in, has_box).total`.",
    stub='''
def my_care_loss(logits, features, labels, m_in, has_box, alpha, tau, lam):
    """logits (b, c), features (b, k, u, v), labels (b,), m_in (b, u, v), has_box (b,). Returns L, Eq. 4, a tensor."""
    ...
''',
    solution="""
def my_care_loss(logits, features, labels, m_in, has_box, alpha, tau, lam):
    L_c = torch.nn.functional.cross_entropy(logits, labels)
    scores = logits.gather(1, labels[:, None])
    (gradient,) = torch.autograd.grad(scores.sum(), features, retain_graph=True)
    F = (gradient.mean((2, 3), keepdim=True) * features).sum(1)[has_box]
    F = F - F.amin((1, 2), keepdim=True)
    F = F / F.amax((1, 2), keepdim=True)
    m = m_in[has_box]
    inside = (F * m).sum((1, 2)) / m.sum((1, 2))
    outside = (F * (1 - m)).sum((1, 2)) / (1 - m).sum((1, 2))
    L_a = (-inside.clamp(max=tau) + lam * outside).mean()
    return (1 - alpha) * L_c + alpha * L_a
""",
    probe=_loss_and_push,
    cases={
        **drawn(_step, 3),
        "above tau": lambda: _step(np.random.default_rng(5), tau=0.05),
        "another alpha": lambda: _step(np.random.default_rng(6), alpha=0.2, lam=0.5),
    },
    truth=_by_care,
    rule="Eq. 4, with the gradient that Care gives",
    slips=(
        Slip(
            "scores.sum(), features",
            "torch.nn.functional.cross_entropy(logits, labels, reduction='sum'), features",
            "The map is that of the loss, which lights up where the class is denied (lesson 2): take the gradient of "
            "the score.",
        ),
        Slip(
            "retain_graph=True)",
            "create_graph=True)",
            "The value is right, the gradient is not: with create_graph the weights sigma take part in the step. "
            "They are "
            "constants here.",
        ),
        Slip(
            ".sum(1)[has_box]",
            ".sum(1)[has_box].detach()",
            "The map is detached, so attention changes nothing: only the *weights* are constants, the map carries "
            "gradient.",
        ),
        Slip(
            "lam * outside).mean()",
            "lam * outside).sum() / len(labels)",
            "L_a is divided by the whole batch: take the mean over the images with a box (trap 2 of lesson 4).",
        ),
        Slip("inside.clamp(max=tau)", "inside", "Tau is missing: beyond it, inside earns nothing."),
        Slip("lam * outside", "outside", "Lambda is missing, the weight of the outside."),
        Slip("(1 - alpha) * L_c", "L_c", "The classification loss has the weight 1 - alpha (Eq. 4)."),
        Slip("    F = F / F.amax((1, 2), keepdim=True)\n", "", "The map is shifted but not divided by its maximum."),
        Slip(
            "(1, 2), keepdim=True)\n    F = F /",
            "(0, 1, 2), keepdim=True)\n    F = F /",
            "The minimum is that of the whole batch: each image is normalised by its own.",
        ),
    ),
    so_what="That is all of CARE: no new layer, no second network, and at test time nothing at all. "
    "`care.watch(model)` does "
    "it in any loop of yours.",
)


class _Tiny(nn.Module):
    """1 x 1 convolution, pooling, one linear layer; it gives (logits, features) as the course's networks do."""

    def __init__(self, random: np.random.Generator):
        super().__init__()
        self.mix = nn.Parameter(torch.tensor(random.normal(size=(3, 2)), dtype=torch.float32))
        self.weight = nn.Parameter(torch.tensor(random.normal(size=(3, 4)), dtype=torch.float32))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = torch.einsum("kc,bchw->bkhw", self.mix, images)
        return (features * features.tanh()).mean((2, 3)) @ self.weight, features


def _loop(random: np.random.Generator) -> tuple:
    model = _Tiny(random)
    batches = []
    for _ in range(3):
        m_in = torch.zeros(5, 4, 4)
        m_in[0, 1:3, 1:3] = 1
        m_in[3, 0:2, 1:4] = 1
        images = torch.tensor(random.normal(size=(5, 2, 4, 4)), dtype=torch.float32)
        batches.append((images, torch.tensor(random.integers(0, 4, 5)), m_in, m_in.flatten(1).any(1)))
    return model, batches


def _two_stages(function: Callable, model: _Tiny, batches: list) -> list[float]:
    """The weights after an epoch of stage one, and after one of stage two."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    seen = []
    for alpha in (0.0, 0.5):
        function(model, batches, Care(alpha=alpha), optimizer)
        seen += torch.cat([each.detach().flatten() for each in model.parameters()]).tolist()
    return seen


def _by_hand(model: _Tiny, batches: list) -> list[float]:
    """The same with gradients and steps written out, without an optimizer."""
    seen: list[float] = []
    weights = [each.detach().clone() for each in model.parameters()]
    for alpha in (0.0, 0.5):
        for images, labels, m_in, has_box in batches:
            now = [each.requires_grad_() for each in weights]
            logits, features = torch.func.functional_call(model, {"mix": now[0], "weight": now[1]}, (images,))
            total = Care(alpha=alpha)(logits, features, labels, m_in, has_box).total
            steps = torch.autograd.grad(total, now)
            weights = [(each - 0.3 * step).detach() for each, step in zip(now, steps, strict=True)]
        seen += torch.cat([each.flatten() for each in weights]).tolist()
    return seen


LOOP = Exercise(
    name="loop",
    lesson=5,
    title="Write the loop of both stages",
    minutes=5,
    task="One epoch of training. Called with `Care(alpha=0)` it is an epoch of stage one (or of the control), with "
    "`Care(alpha=0.5)` one of stage two: the loop is the same. Nothing needs to be returned; the check looks at the "
    "weights.",
    hints=(
        "For each batch: model, loss, then the three lines of every PyTorch loop: zero the gradients, backward, step.",
        "`logits, features = model(images)`, then `care(logits, features, labels, m_in, has_box)`; what is minimised "
        "is "
        "its `.total`.",
    ),
    expected="The weights after both epochs equal those of steps written out by hand.",
    stub='''
def my_epoch(model, batches, care, optimizer):
    """model(images) gives (logits, features); batches hold (images, labels, m_in, has_box). Trains the model in "
    "place."""
    ...
''',
    solution="""
def my_epoch(model, batches, care, optimizer):
    for images, labels, m_in, has_box in batches:
        logits, features = model(images)
        loss = care(logits, features, labels, m_in, has_box)
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
""",
    probe=_two_stages,
    cases=drawn(_loop, 3),
    truth=_by_hand,
    rule="the weights after a step for each batch",
    slips=(
        Slip(
            "        optimizer.zero_grad()\n",
            "",
            "Gradients of earlier batches are added up: zero them before each backward pass.",
        ),
        Slip(
            "loss.total",
            "loss.classification",
            "Only the classification loss is minimised, so attention never trains: take `.total`, which holds both.",
        ),
        Slip(
            "        optimizer.step()\n",
            "    optimizer.step()\n",
            "There is one step an epoch, after the loop: take one for each batch.",
        ),
        Slip("in batches:", "in batches[:1]:", "Only the first batch is trained on."),
        Slip(
            "        optimizer.zero_grad()\n        loss.total.backward()\n        optimizer.step()\n",
            "        loss.total.backward()\n        optimizer.zero_grad()\n        optimizer.step()\n",
            "The weights do not change: does a step follow each backward pass, before the gradients are zeroed again?",
        ),
    ),
    so_what="CARE is a change of one line, the loss. That is why its fair control is one number, alpha = 0, away.",
)


class _Answers(nn.Module):
    """Gives the logits that it was made with, whatever the images."""

    def __init__(self, logits: Tensor):
        super().__init__()
        self.logits = logits

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self.logits[: len(images)], images


def _asked(random: np.random.Generator) -> tuple:
    logits = torch.tensor(random.normal(size=(30, 5)), dtype=torch.float32)
    return _Answers(logits), torch.zeros(30, 3, 2, 2), int(random.integers(0, 5))


INK = Exercise(
    name="called",
    lesson=5,
    title="The ink test: who is called the rare class?",
    minutes=4,
    task="Count the images that a model calls the rare class: those whose largest score is that of the class. It is "
    "the "
    "whole of the ink test; the next cell applies it to images with and without the mark.",
    hints=("`logits.argmax(1)` is the answer for each image.", "Compare with `rare`, and sum: True counts as 1."),
    expected="Scores `[[1, 3], [2, 0]]` and rare = 1: one image.",
    stub='''
def my_called(model, images, rare):
    """model(images) gives (logits, features); rare: the class's number. Returns how many are called the rare class."""
    ...
''',
    solution="""
def my_called(model, images, rare):
    logits, features = model(images)
    return int((logits.argmax(1) == rare).sum())
""",
    cases=drawn(_asked),
    truth=lambda model, images, rare: sum(row.index(max(row)) == rare for row in model.logits.tolist()),
    rule="the number of images whose largest score is the rare class's",
    slips=(
        Slip(
            "int((logits.argmax(1) == rare).sum())",
            "int((logits.softmax(1)[:, rare] > 0.5).sum())",
            "With several classes the largest score may have less than half of the probability: take the argmax.",
        ),
        Slip(
            "int((logits.argmax(1) == rare).sum())",
            "float((logits.argmax(1) == rare).float().mean())",
            "That is a share: return the count.",
        ),
        Slip(
            "int((logits.argmax(1) == rare).sum())",
            "float(logits.softmax(1)[:, rare].sum())",
            "That sums probabilities: a patient gets one answer.",
        ),
        Slip("logits.argmax(1)", "logits.argmin(1)", "That is the least likely class."),
        Slip("== rare", "!= rare", "Those are the images that are *not* called the rare class."),
        Slip(
            "int((logits.argmax(1) == rare).sum())",
            "int((logits[:, rare] > 0).sum())",
            "A score above 0 is no answer: it must be the largest.",
        ),
    ),
    so_what="A count is better than a percentage here: each of them is a patient with another disease.",
)


def _pairs(random: np.random.Generator) -> tuple:
    seeds = int(random.integers(3, 9))
    control = random.uniform(0.1, 0.5, seeds)
    return control + 0.1 + random.normal(size=seeds) * 0.05, control, t_of


def _interval(care: np.ndarray, control: np.ndarray, _: object = None) -> tuple[float, float]:
    """By SciPy's paired test: the middle and half the width of its confidence interval."""
    low, high = stats.ttest_rel(care, control).confidence_interval(0.95)
    return (low + high) / 2, (high - low) / 2


INTERVAL = Exercise(
    name="paired_interval",
    lesson=5,
    title="A paired interval by hand",
    minutes=6,
    task="Runs of one seed share their start. So take the difference *within* each seed, its mean, and half the "
    "width of "
    "its 95 % interval, $t \\, s / \\sqrt{n}$: $s$ is the standard deviation of the differences (with $n - 1$), and "
    "$t$ "
    "comes from Student's table (4.30 for 3 seeds). `t_of(n)` gives it.",
    hints=(
        "First `d = care - control`: from then on there is one row of numbers only.",
        "`d.std(ddof=1)` is s; `len(d) ** 0.5` is the root of n.",
    ),
    expected="care `[0.3, 0.5, 0.4]`, control `[0.2, 0.3, 0.1]`: mean 0.2, half-width 0.248.",
    stub='''
def my_interval(care, control, t_of):
    """care, control (n,): a number for each seed, in the same order. Returns (mean difference, half-width)."""
    ...
''',
    solution="""
def my_interval(care, control, t_of):
    d = care - control
    n = len(d)
    return d.mean(), t_of(n) * d.std(ddof=1) / n**0.5
""",
    cases=drawn(_pairs),
    truth=_interval,
    rule="the mean of the differences and t s / sqrt(n)",
    slips=(
        Slip("ddof=1", "ddof=0", "The standard deviation divides by n: of a sample take n - 1, ddof=1."),
        Slip("t_of(n) * ", "1.96 * ", "1.96 is for very many runs: for so few, Student's t is much larger."),
        Slip(
            " / n**0.5", "", "The root of n is missing: that is how far single runs spread, not how sure their mean is."
        ),
        Slip("t_of(n) * d", "2 * t_of(n) * d", "That is the whole width: return half of it."),
        Slip(
            "d.std(ddof=1)",
            "(care.var(ddof=1) + control.var(ddof=1))**0.5",
            "That is the unpaired interval: it holds the spread between seeds, which both arms share. Use the "
            "differences.",
        ),
        Slip("d = care - control", "d = control - care", "The sign is turned: CARE minus the control."),
    ),
    so_what="Three seeds give t = 4.30, so an effect must be large to be seen. Eight seeds have 2.36: more seeds "
    "shrink both "
    "factors.",
)


def _four(random: np.random.Generator) -> tuple:
    base = random.uniform(0.2, 0.4, 4)
    return (
        base + 0.15 + random.normal(size=4) * 0.02,
        base,
        base + 0.25 + random.normal(size=4) * 0.02,
        base + 0.2,
        t_of,
    )


DOUBLE = Exercise(
    name="double_difference",
    level="bonus",
    lesson=5,
    title="A difference of differences",
    minutes=5,
    task="'CARE gains with the mark' and 'no gain could be told without it' does *not* say that the gains differ. The "
    "number that does is the gain with the mark minus the gain without it, seed by seed. Return its mean and its "
    "half-width.",
    hints=(
        "Two gains, each paired by seed. Then their difference, again by seed.",
        "The rest is your interval: `my_interval(gain_with, gain_without)` does it already.",
    ),
    expected="Gains `[0.2, 0.3]` and `[0.0, 0.2]`: differences 0.2 and 0.1, mean 0.15, half-width 0.635.",
    stub='''
def my_double(care, control, care_clean, control_clean, t_of):
    """Four arrays (n,), a number for each seed: with the mark and without it. Returns (mean, half-width)."""
    ...
''',
    solution="""
def my_double(care, control, care_clean, control_clean, t_of):
    d = (care - control) - (care_clean - control_clean)
    return d.mean(), t_of(len(d)) * d.std(ddof=1) / len(d) ** 0.5
""",
    cases=drawn(_four),
    truth=lambda care, control, care_clean, control_clean, _: _interval(care - control, care_clean - control_clean),
    rule="the mean and half-width of the difference of the two gains",
    slips=(
        Slip(
            "(care - control) - (care_clean - control_clean)",
            "(care - control)",
            "That is the gain with the mark alone.",
        ),
        Slip(
            "(care - control) - (care_clean - control_clean)",
            "(care_clean - control_clean) - (care - control)",
            "The sign is turned: the gain *with* the mark minus the one without it.",
        ),
        Slip(
            "(care - control) - (care_clean - control_clean)",
            "care - care_clean",
            "That compares CARE with CARE: what the control does on both data is missing.",
        ),
        Slip(
            "(care - control) - (care_clean - control_clean)",
            "(care - control) + (care_clean - control_clean)",
            "Those are both gains together: take their difference.",
        ),
        Slip("ddof=1", "ddof=0", "The standard deviation divides by n: of a sample take n - 1, ddof=1."),
    ),
    so_what="Papers are full of 'significant here, not there'. Whoever wants to say that the two differ must compute "
    "this.",
)

EXERCISES = (CONTROL, CARE_STEP, LOOP, INK, INTERVAL, DOUBLE)
