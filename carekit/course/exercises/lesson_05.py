"""Exercises of lesson 5: the CARE step, the loop of both stages, and whether a gain is one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy import stats
from torch import Tensor, nn

from carekit.course.exercises.calling import Unusable
from carekit.course.exercises.exercise import drawn, solution, t_of
from carekit.objectives import Care


def draw_step(random: np.random.Generator, alpha: float = 0.5, tau: float = 0.7, lam: float = 2.0) -> tuple:
    """Features behind no layer, a head that is not linear, masks of the map's size; every second image has a box."""
    features = torch.tensor(random.normal(size=(4, 3, 4, 5)), dtype=torch.float32, requires_grad=True)
    weight = torch.tensor(random.normal(size=(3, 5)), dtype=torch.float32)
    logits = (features * features.tanh()).mean((2, 3)) @ weight  # (b, k, u, v) -> (b, c)
    m_in = torch.zeros(4, 4, 5)
    m_in[0, 1:3, 1:4] = 1
    m_in[2, 0:2, 2:5] = 1
    labels = torch.tensor(random.integers(0, 5, 4))
    return logits, features, labels, m_in, torch.tensor([True, False, True, False]), alpha, tau, lam


def loss_and_gradient(function: Callable, logits: Tensor, features: Tensor, *rest: object) -> Any:
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


def step_by_care(
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

    return loss_and_gradient(loss, logits, features)


@solution(
    cases={
        **drawn(draw_step, 3),
        "above tau": lambda: draw_step(np.random.default_rng(5), tau=0.05),
        "another alpha": lambda: draw_step(np.random.default_rng(6), alpha=0.2, lam=0.5),
    },
    truth=step_by_care,
    probe=loss_and_gradient,
)
def my_care_loss(
    logits: Tensor,
    features: Tensor,
    labels: Tensor,
    m_in: Tensor,
    has_box: Tensor,
    alpha: float,
    tau: float,
    lam: float,
) -> Tensor:
    """logits (b, c), features (b, k, u, v), labels (b,), m_in (b, u, v), has_box (b,). Returns L, Eq. 4, a tensor."""
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


class TinyNet(nn.Module):
    """1 x 1 convolution, pooling, one linear layer; it gives (logits, features) as the course's networks do."""

    def __init__(self, random: np.random.Generator):
        super().__init__()
        self.mix = nn.Parameter(torch.tensor(random.normal(size=(3, 2)), dtype=torch.float32))
        self.weight = nn.Parameter(torch.tensor(random.normal(size=(3, 4)), dtype=torch.float32))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = torch.einsum("kc,bchw->bkhw", self.mix, images)
        return (features * features.tanh()).mean((2, 3)) @ self.weight, features


def draw_loop(random: np.random.Generator) -> tuple:
    model = TinyNet(random)
    batches = []
    for _ in range(3):
        m_in = torch.zeros(5, 4, 4)
        m_in[0, 1:3, 1:3] = 1
        m_in[3, 0:2, 1:4] = 1
        images = torch.tensor(random.normal(size=(5, 2, 4, 4)), dtype=torch.float32)
        batches.append((images, torch.tensor(random.integers(0, 4, 5)), m_in, m_in.flatten(1).any(1)))
    return model, batches


def train_two_stages(function: Callable, model: TinyNet, batches: list) -> list[float]:
    """The weights after an epoch of stage one, and after one of stage two."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    seen = []
    for alpha in (0.0, 0.5):
        function(model, batches, Care(alpha=alpha), optimizer)
        seen += torch.cat([each.detach().flatten() for each in model.parameters()]).tolist()
    return seen


def train_by_hand(model: TinyNet, batches: list) -> list[float]:
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


@solution(cases=drawn(draw_loop, 3), truth=train_by_hand, probe=train_two_stages)
def my_epoch(model: nn.Module, batches: list, care: Care, optimizer: torch.optim.Optimizer) -> None:
    """model(images) gives (logits, features); batches hold (images, labels, m_in, has_box). Trains the model in
    place."""
    for images, labels, m_in, has_box in batches:
        logits, features = model(images)
        loss = care(logits, features, labels, m_in, has_box)
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()


class FixedAnswers(nn.Module):
    """Gives the logits that it was made with, whatever the images."""

    def __init__(self, logits: Tensor):
        super().__init__()
        self.logits = logits

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self.logits[: len(images)], images


def draw_asked(random: np.random.Generator) -> tuple:
    logits = torch.tensor(random.normal(size=(30, 5)), dtype=torch.float32)
    return FixedAnswers(logits), torch.zeros(30, 3, 2, 2), int(random.integers(0, 5))


@solution(
    cases=drawn(draw_asked),
    truth=lambda model, images, rare: sum(row.index(max(row)) == rare for row in model.logits.tolist()),
)
def my_called(model: nn.Module, images: Tensor, rare: int) -> int:
    """model(images) gives (logits, features); rare: the class's number. Returns how many are called the rare class."""
    logits, features = model(images)
    return int((logits.argmax(1) == rare).sum())


def draw_paired(random: np.random.Generator) -> tuple:
    seeds = int(random.integers(3, 9))
    control = random.uniform(0.1, 0.5, seeds)
    return control + 0.1 + random.normal(size=seeds) * 0.05, control, t_of


def interval_by_scipy(care: np.ndarray, control: np.ndarray, _: object = None) -> tuple[float, float]:
    """By SciPy's paired test: the middle and half the width of its confidence interval."""
    low, high = stats.ttest_rel(care, control).confidence_interval(0.95)
    return (low + high) / 2, (high - low) / 2


@solution(cases=drawn(draw_paired), truth=interval_by_scipy)
def my_interval(care: np.ndarray, control: np.ndarray, t_of: Callable) -> tuple:
    """care, control (n,): a number for each seed, in the same order. Returns (mean difference, half-width)."""
    d = care - control
    n = len(d)
    return d.mean(), t_of(n) * d.std(ddof=1) / n**0.5


def draw_four_arms(random: np.random.Generator) -> tuple:
    base = random.uniform(0.2, 0.4, 4)
    return (
        base + 0.15 + random.normal(size=4) * 0.02,
        base,
        base + 0.25 + random.normal(size=4) * 0.02,
        base + 0.2,
        t_of,
    )


@solution(
    cases=drawn(draw_four_arms),
    truth=lambda care, control, care_clean, control_clean, _: interval_by_scipy(
        care - control, care_clean - control_clean
    ),
)
def my_double(
    care: np.ndarray, control: np.ndarray, care_clean: np.ndarray, control_clean: np.ndarray, t_of: Callable
) -> tuple:
    """Four arrays (n,), a number for each seed: with the mark and without it. Returns (mean, half-width)."""
    d = (care - control) - (care_clean - control_clean)
    return d.mean(), t_of(len(d)) * d.std(ddof=1) / len(d) ** 0.5
