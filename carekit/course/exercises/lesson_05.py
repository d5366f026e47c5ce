"""Exercises of lesson 5: the CARE step, the loop of both stages, and whether a gain is one."""

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from scipy import stats
from torch import Tensor, nn

from carekit.course.exercises.exercise import drawn, solution, t_of
from carekit.course.exercises.gradients import loss_with_gradient
from carekit.method.cam import class_activation_map
from carekit.objectives import Care


def draw_step(random: np.random.Generator, alpha: float = 0.5, tau: float = 0.7, lam: float = 2.0) -> tuple:
    """Features behind no layer, a head that is not linear, masks of the map's size; every second image has a box."""
    # The map's sides differ, so that swapped axes show. The head is not linear, so that the gradient has no one value
    # for all places of a channel.
    features = torch.tensor(random.normal(size=(4, 3, 4, 5)), dtype=torch.float32, requires_grad=True)
    weight = torch.tensor(random.normal(size=(3, 5)), dtype=torch.float32)
    logits = (features * features.tanh()).mean((2, 3)) @ weight  # (b, k, u, v) -> (b, c)
    m_in = torch.zeros(4, 4, 5)
    # Boxes of 6 and 3 places: a mean that is taken over the whole batch weighs them differently.
    m_in[0, 1:3, 1:4] = 1
    m_in[2, 0:1, 2:5] = 1
    labels = torch.tensor(random.integers(0, 5, 4))
    return logits, features, labels, m_in, torch.tensor([True, False, True, False]), alpha, tau, lam


def loss_and_gradient(function: Callable, logits: Tensor, features: Tensor, *rest: object) -> Any:
    """The loss and its gradient by the features: what a step would do."""
    return loss_with_gradient(function(logits, features, *rest), features)


def step_by_care(
    logits: Tensor, features: Tensor, labels: Tensor, m_in: Tensor, has_box: Tensor, *weights: float
) -> Any:
    """The loss of `carekit.Care`, whose parts have tests of their own, and its gradient."""
    alpha, tau, lam = weights
    care = Care(alpha=alpha, tau=tau, lam=lam)
    return loss_with_gradient(care(logits, features, labels, m_in, has_box).total, features)


def draw_on_both_sides(random: np.random.Generator) -> tuple:
    """One image is below tau and one above it: a tau that limits the mean of the batch shows only here."""
    logits, features, labels, m_in, has_box, alpha, _, lam = draw_step(random)
    maps = class_activation_map(logits, features, labels).detach()[has_box]
    means = ((maps * m_in[has_box]).sum((1, 2)) / m_in[has_box].sum((1, 2))).tolist()
    return logits, features, labels, m_in, has_box, alpha, sum(means) / 2, lam


# With these alpha and lambda one term after the other joins the loss; an alpha of 1 would be no CARE.
TERMS = {
    (0.0, 1.0): "With alpha = 0 only L_c is left",
    (0.5, 0.0): "L_c is right. With alpha = 0.5 and lambda = 0 L_in joins it",
    (0.5, 1.0): "L_c and L_in are right. With alpha = 0.5 and lambda = 1 L_out joins them",
}


def term_that_is_off(function: Callable, make: Callable[[], tuple]) -> str:
    """From which term on a wrong loss differs from that of `carekit.Care`, and by how much."""
    *_, alpha, tau, lam = make()
    for (with_alpha, with_lam), words in {**TERMS, (alpha, lam): ""}.items():
        *batch, _, _, _ = make()  # a new graph for each call
        given = float(function(*batch, with_alpha, tau, with_lam))
        *batch, _, _, _ = make()
        right = float(step_by_care(*batch, with_alpha, tau, with_lam)[0])
        if np.isnan(given):
            return (
                f"{words or 'With the alpha and lambda of this case'}, and your loss is NaN: is anything divided by 0?"
            )
        if not np.isclose(given, right, rtol=1e-4, atol=1e-5):
            if not words:
                return "L_c, L_in and L_out are right: look at how alpha and lambda join them."
            return f"{words}: that gives {right:.4g}, and yours gives {given:.4g}."
    return "The value is right, its gradient is not: what is a constant, and what carries gradient?"


@solution(
    cases={
        **drawn(draw_step, 3),
        **drawn(draw_on_both_sides, 2, "an image on each side of tau, "),
        "above tau": lambda: draw_step(np.random.default_rng(5), tau=0.05),
        "another alpha": lambda: draw_step(np.random.default_rng(6), alpha=0.2, lam=0.5),
    },
    truth=step_by_care,
    probe=loss_and_gradient,
    diagnosis=term_that_is_off,
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
        # Not even in the images: a loop that turns their sign must get other weights.
        return (features * (1 + features.tanh())).mean((2, 3)) @ self.weight, features


def draw_loop(random: np.random.Generator) -> tuple:
    model = TinyNet(random)
    batches = []
    # Three batches, so that steps left out, and gradients that add up, are seen.
    for _ in range(3):
        m_in = torch.zeros(5, 4, 4)
        m_in[0, 1:3, 1:3] = 1
        m_in[3, 0:2, 1:4] = 1
        images = torch.tensor(random.normal(size=(5, 2, 4, 4)), dtype=torch.float32)
        batches.append((images, torch.tensor(random.integers(0, 4, 5)), m_in, m_in.flatten(1).any(1)))
    # Made here, outside of the time limit: the first optimizer of a process imports much of torch.
    return model, batches, torch.optim.SGD(model.parameters(), lr=0.3)


def train_two_stages(
    function: Callable, model: TinyNet, batches: list, optimizer: torch.optim.Optimizer
) -> list[float]:
    """The weights after an epoch of stage one, and after one of stage two."""
    weights = []
    for alpha in (0.0, 0.5):
        function(model, batches, Care(alpha=alpha), optimizer)
        weights += torch.cat([weight.detach().flatten() for weight in model.parameters()]).tolist()
    return weights


def train_by_hand(model: TinyNet, batches: list, _: torch.optim.Optimizer) -> list[float]:
    """The same with gradients and steps written out, without an optimizer."""
    after_each_epoch: list[float] = []
    weights = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    for alpha in (0.0, 0.5):
        for images, labels, m_in, has_box in batches:
            weights = {name: weight.requires_grad_() for name, weight in weights.items()}
            logits, features = torch.func.functional_call(model, weights, (images,))
            total = Care(alpha=alpha)(logits, features, labels, m_in, has_box).total
            gradients = dict(zip(weights, torch.autograd.grad(total, list(weights.values())), strict=True))
            weights = {name: (weight - 0.3 * gradients[name]).detach() for name, weight in weights.items()}
        after_each_epoch += torch.cat([weight.flatten() for weight in weights.values()]).tolist()
    return after_each_epoch


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


class PixelsAsScores(nn.Module):
    """Its scores are the sums of the first pixels of an image, so that they are known without it."""

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return images.flatten(1).cumsum(1), images


def draw_asked(random: np.random.Generator) -> tuple:
    # Six classes of about equal size: the largest score is often below a half, and below 0 for none.
    images = torch.tensor(random.normal(size=(30, 1, 2, 3)), dtype=torch.float32)
    return PixelsAsScores(), images, int(random.integers(0, 6))


def called_in_python(model: nn.Module, images: Tensor, rare: int) -> int:
    """Image by image: whether the sum up to the rare class's pixel is the largest."""
    sums = [list(accumulate(pixels)) for pixels in images.flatten(1).tolist()]
    return sum(max(row) == row[rare] for row in sums)


@solution(
    cases=drawn(draw_asked),
    truth=called_in_python,
)
def my_called(model: nn.Module, images: Tensor, rare: int) -> int:
    """model(images) gives (logits, features); rare: the class's number. Returns how many are called the rare class."""
    logits, features = model(images)
    return int((logits.argmax(1) == rare).sum())


def draw_paired(random: np.random.Generator) -> tuple:
    # The seeds differ more than the arms do, as in a real study: an unpaired interval is then much wider.
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
    # The number of seeds varies (half of 4 is its root), and so does the sign of what is left for each seed.
    seeds = int(random.integers(3, 8))
    base = random.uniform(0.2, 0.4, seeds)
    care, care_clean = base + 0.15 + random.normal(size=(2, seeds)) * 0.1
    return care, base, care_clean, base + 0.1, t_of


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
