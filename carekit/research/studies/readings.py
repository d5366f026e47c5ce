"""How the paper can be read differently: what each reading changes in one training step, and in the result.

Two steps are compared on one batch, from one model: the angle between the gradients of the whole loss, how the maps
correlate, and L_a. The angle is what counts: AdamW scales a step by the gradient's own size. A few readings are trained
with, too. The words of each reading are in readings.csv.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from carekit.data.batches import Batch, BoxedImages, boxed_rows
from carekit.data.cached import network_for
from carekit.experiment import Arm, cached_for_training
from carekit.method.attention import inner_loss, outer_loss
from carekit.method.boxes import outer_mask
from carekit.method.cam import normalise, raw_activation_map, resize
from carekit.method.seeding import one_thread, seeded
from carekit.networks import Backbone
from carekit.objectives import Care, Loss, Step
from carekit.paper import DEFAULTS
from carekit.research.figures.labels import label_of
from carekit.research.figures.wording import interval
from carekit.research.setting.setting import Setting
from carekit.strategies import STRATEGIES
from carekit.strategies.weights import class_weights

BATCH = DEFAULTS.batch_size
PLAIN = "as we decided"
ANOTHER = "another batch"


@dataclass(frozen=True)
class NormalisedLast(Care):
    """CARE with the map first enlarged to the image, and only then brought to [0, 1]."""

    def parts(
        self, maps: Float[Tensor, "n u v"], m_in: UInt8[Tensor, "n h w"]
    ) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
        # Min-max forgets the scale and the offset of a map, so it may be done a second time.
        large = normalise(resize(maps, (m_in.shape[1], m_in.shape[2])))
        inside = inner_loss(large, m_in.to(large.device, torch.float32), self.tau)
        return inside, outer_loss(large, outer_mask(m_in, self.outer).to(large.device))


@dataclass(frozen=True)
class LeftInGrad(Care):
    """CARE as in the authors' released code: the gradient of the scores, left in `.grad`, is added to the step.

    That code differentiates the sum of all images' true-class scores by `backward`, to get the maps, and does not
    clear what it adds to each weight's `.grad`. So the step makes these scores smaller, too.
    """

    def loss_of(self, step: Step) -> Loss:
        loss = super().loss_of(step)
        scores = step.logits.gather(1, step.labels[:, None]).sum()
        return loss._replace(total=loss.total + scores - scores.detach())  # its gradient, not its value

    def control(self) -> Care:
        """The plain second stage, which needs no maps and leaves nothing behind."""
        return Care(alpha=0)


@dataclass(frozen=True)
class Setup:
    """All that a reading can change of a step.

    Args:
        objective: what is minimised.
        weighted: whether L_c counts each class by its weight (CSL).
        regions: whether M_in is the lesion's own mask in place of its box.
        training: whether the network is in training mode.
    """

    objective: Care
    weighted: bool = False
    regions: bool = False
    training: bool = True


def care_with(**options: Any) -> Callable[[Setup], Setup]:
    """The change of a setup to these options of CARE."""
    return lambda setup: replace(setup, objective=replace(setup.objective, **options))


def objective_of(kind: type[Care]) -> Callable[[Setup], Setup]:
    """The change of a setup to another kind of CARE with the same options."""
    return lambda setup: replace(setup, objective=kind(**setup.objective.parameters()))


def _first_epoch(setup: Setup) -> Setup:
    return replace(setup, objective=replace(setup.objective, ramp=1.0).at(0, epochs=20))


# One place of the paper that can be read in two ways -> the setup as decided, changed to the other reading.
READINGS: dict[str, Callable[[Setup], Setup]] = {
    "gradient of": care_with(gradient_of="loss"),
    "left in .grad": objective_of(LeftInGrad),
    "mean over": care_with(average="batch"),
    "sum or mean": care_with(average="sum"),
    "weights in L_c": lambda setup: replace(setup, weighted=True),
    "τ": care_with(tau=0.5),
    "λ": care_with(lam=1.0),
    "α at first": _first_epoch,
    "ReLU": care_with(method="grad_cam_relu"),
    "σ takes part": care_with(second_order=True),
    "compared at": care_with(resolution="feature"),
    "min-max": objective_of(NormalisedLast),
    "M_out": care_with(outer="distance"),
    "M_in": lambda setup: replace(setup, regions=True),
    "mode": lambda setup: replace(setup, training=False),
}
TRAINED = ("gradient of", "left in .grad", "mean over", "weights in L_c", "compared at")  # the lesson trains with these


def words() -> pd.DataFrame:
    """The words of each reading: where it is, what the paper says, what was decided, and the other way to read it."""
    return pd.read_csv(Path(__file__).with_name("readings.csv"), index_col="name", dtype=str, keep_default_na=False)


class Scene(NamedTuple):
    """What all readings are compared on: a model, a batch, the images' features behind frozen layers, their true masks
    (None if unknown), and how many training images each class has."""

    model: Backbone
    batch: Batch
    early: Tensor
    regions: UInt8[Tensor, "b h w"] | None
    counts: list[int]


class StepGradient(NamedTuple):
    """One step, up to its gradient: the raw maps of the boxed images, L_a, and the gradient of L by all weights."""

    maps: Float[np.ndarray, "n p"]
    attention: float
    gradient: Float[np.ndarray, " w"]


def scenes(lesson: Setting, model: Backbone, size: int = BATCH) -> tuple[Scene, Scene]:
    """Two batches of at most `size` training images that share none, each with half of the rare class's boxed ones."""
    train, rare = lesson.train, boxed_rows(lesson.train)
    random = np.random.default_rng(lesson.parameters["seed"])
    boxed = random.permutation(rare)[:size]
    others = random.permutation(np.setdiff1d(np.arange(len(train)), rare))
    # With one boxed image both batches have it: a batch without a box has no L_a.
    halves = np.array_split(boxed, 2) if len(boxed) > 1 else [boxed, boxed]
    fill = min(size - len(halves[0]), len(others) // 2)
    source = BoxedImages(train, lesson.arm.boxes(train, rare))
    # Behind frozen layers an image is its features: they are computed once for all readings.
    train = cached_for_training(model, train, lesson.profile)
    counts = list(train.counts().values())
    both = []
    for half, rest in zip(halves, (others[:fill], others[fill : 2 * fill]), strict=True):
        rows = np.sort(np.concatenate([half, rest]))
        batch = source.__getitems__(rows.tolist())
        regions = None if train.masks is None else torch.from_numpy(train.read_masks(rows))
        with torch.no_grad():
            early = network_for(model, train).early(train.tensor(rows))
        both.append(Scene(model, batch, early, regions, counts))
    return both[0], both[1]


def step_gradient(scene: Scene, setup: Setup) -> StepGradient:
    """One step on a copy of the model, up to the gradient."""
    net, batch, objective = copy.deepcopy(scene.model).train(setup.training), scene.batch, setup.objective
    m_in = batch.m_in
    if setup.regions and scene.regions is not None:
        m_in = scene.regions * batch.has_box[:, None, None]  # (b, h, w), zero for images without a box
    weights = class_weights(scene.counts) if setup.weighted else None
    cross_entropy = partial(functional.cross_entropy, weight=weights)
    # Dropout and the order of sums must be the same for all readings.
    with one_thread(), seeded(0):
        logits, features = net.behind_early()(scene.early)
        step = Step(net, scene.early, batch.labels, m_in, batch.has_box, logits, features, cross_entropy)
        loss = objective.loss_of(step)
        maps = raw_activation_map(
            logits,
            features,
            batch.labels,
            rows=batch.has_box.nonzero()[:, 0],
            classifier=net.linear_head,
            method=objective.method,
            gradient_of=objective.gradient_of,
        ).detach()
        loss.total.backward()
    gradients = []
    for weight in net.parameters():
        if weight.requires_grad:
            gradients.append(torch.zeros_like(weight) if weight.grad is None else weight.grad)
    gradient = torch.cat([part.flatten() for part in gradients])  # (w,)
    # L = (1 - α) L_c + α L_a; without attention there is no L_a.
    alpha, attention = objective.alpha, 0.0
    if alpha:
        attention = ((loss.total - (1 - alpha) * loss.classification) / alpha).item()
    return StepGradient(maps.flatten(1).double().numpy(), attention, gradient.double().numpy())


def angle(a: Float[np.ndarray, " w"], b: Float[np.ndarray, " w"]) -> float:
    """The angle between two gradients, in degrees: 0 is the same direction, 180 the opposite one."""
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return float(np.degrees(np.arccos(np.clip(a @ b / lengths, -1, 1)))) if lengths > 0 else float("nan")


def correlation(a: Float[np.ndarray, "n p"], b: Float[np.ndarray, "n p"]) -> float:
    """The median over the images of how two maps correlate; maps without any pattern are left out."""
    patterned = (a.std(1) > 0) & (b.std(1) > 0)
    correlations = [np.corrcoef(x, y)[0, 1] for x, y in zip(a[patterned], b[patterned], strict=True)]
    return float(np.median(correlations)) if correlations else float("nan")


def compare_readings(lesson: Setting, model: Backbone) -> pd.DataFrame:
    """Each reading on one batch, a row each; the first row is as decided, the second another batch as decided.

    Columns: `angle` (degrees between the steps), `maps` (median correlation, NaN for another batch), L_a.
    Readings that change nothing here are left out: no masks are known, or τ or λ is the other value already.
    """
    here, there = scenes(lesson, model)
    decided = Setup(lesson.care)
    base, other = step_gradient(here, decided), step_gradient(there, decided)
    rows = {
        PLAIN: {"angle": 0.0, "maps": 1.0, "L_a": base.attention},
        ANOTHER: {"angle": angle(base.gradient, other.gradient), "maps": float("nan"), "L_a": other.attention},
    }
    for name, change in READINGS.items():
        setup = change(decided)
        # τ or λ may be the other value already, and not every data set has masks.
        if setup != decided and not (setup.regions and here.regions is None):
            step = step_gradient(here, setup)
            turned, alike = angle(base.gradient, step.gradient), correlation(base.maps, step.maps)
            rows[name] = {"angle": turned, "maps": alike, "L_a": step.attention}
    return pd.DataFrame(rows).T


def arms(lesson: Setting) -> dict[str, Arm]:
    """CARE with each reading that the lesson trains with."""
    trained = {}
    for name in TRAINED:
        setup = READINGS[name](Setup(lesson.care))
        trained[name] = replace(lesson.arm, objective=setup.objective)
        if setup.weighted:
            trained[name] = replace(trained[name], strategy=STRATEGIES["weighted"])
    return trained


def in_words() -> pd.DataFrame:
    """A table of the readings: what the paper says, what was decided, and the other way to read it."""
    table = words()
    paper = table.says + " (" + table["where"] + ")"
    columns = {"the paper": paper, "decided here": table.decided, "instead": table.instead}
    return pd.DataFrame(columns).rename_axis(None)


def with_words(steps: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """The words, the numbers of one step, and for the readings that were trained with the change of the result.

    Args:
        steps: of `compare_readings`.
        changes: of `gains.gains`: what the arm of each reading gains over CARE as decided.
    """
    table = in_words().join(steps).rename(columns={"angle": "step turned (°)", "maps": "maps correlate"})
    for metric in changes.columns.unique(0):
        column = f"change: {label_of(metric)}"
        for name, mean, half in changes[metric].itertuples():
            table.loc[name, column] = interval(mean, half, digits=2, sign="+")
    return table


def letter(angles: pd.Series, cannot: dict[str, list[float]], said: pd.DataFrame) -> str:
    """A draft to the authors: what was done, what was found, and questions, the one that changes most first.

    Args:
        angles: reading -> by how many degrees it turns a step.
        cannot: data -> printed recalls that cannot occur.
        said: rows with `setting`, `what`, `printed` and `apart`, of settings that are printed several times.
    """
    of_readings = words()
    lines = ["Dear authors,", "we build on your paper, and measured where we may have misread it.", ""]
    for number, (name, degrees) in enumerate(angles.sort_values(ascending=False)[:3].items(), 1):
        reading = of_readings.loc[name]
        lines.append(f"{number}. {reading['where']}: {reading.says}.")
        turned = f"It turns a training step by {degrees:.0f} degrees."
        lines.append(f"   We took: {reading.decided}. Or is it: {reading.instead}? {turned}")
    widest = said.sort_values("apart").iloc[-1]
    lines.append(f"4. {widest.setting}, {widest.what}, in your tables (T): {widest.printed}. Which run is meant?")
    few = [f"on {data} {', '.join(str(value) for value in values[:4])} %" for data, values in cannot.items() if values]
    lines.append(f"5. How many test images has the smallest class? By the text, there cannot be {' and '.join(few)}.")
    return "\n".join([*lines, "", "Each can be answered in a line. Thank you for the paper."])
