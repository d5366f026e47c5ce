"""What the paper leaves open or says twice, as switches: each is thrown, and one training step is compared.

A switch is measured on one batch, from one model: the angle between the gradients of the whole loss before and after,
how the maps correlate, and L_a. The angle is what counts: AdamW scales a step by the gradient's own size. A few are
trained with, too.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
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
from carekit.method.metrics import label_of
from carekit.method.seeding import one_thread, seeded
from carekit.networks import Backbone
from carekit.objectives import Care, Loss, Step
from carekit.paper import DEFAULTS
from carekit.research.setting.setting import Setting
from carekit.strategies import STRATEGIES, Strategy
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
    """CARE as the authors' released code does it: what the scores' gradient leaves in the weights is stepped along.

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
    """All that a switch can change of a step.

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


class Scene(NamedTuple):
    """What all switches are thrown on: a model, a batch, the images' features behind frozen layers, their true masks
    (None where unknown), and how many training images each class has."""

    model: Backbone
    batch: Batch
    early: Tensor
    regions: UInt8[Tensor, "b h w"] | None
    counts: list[int]


@dataclass(frozen=True)
class Switch:
    """One place where the paper can be read in two ways.

    Args:
        name: in a word or two.
        where: which part of the paper.
        says: what stands there.
        decided: what the kit does.
        instead: what it does when the switch is thrown.
        throw: the setup as decided -> the other one.
        trained: whether the lesson trains with it as well.
    """

    name: str
    where: str
    says: str
    decided: str
    instead: str
    throw: Callable[[Setup], Setup] = field(repr=False)
    trained: bool = False


def _options(**options: Any) -> Callable[[Setup], Setup]:
    return lambda setup: replace(setup, objective=replace(setup.objective, **options))


def _as(kind: type[Care]) -> Callable[[Setup], Setup]:
    return lambda setup: replace(setup, objective=kind(**setup.objective.parameters()))


def _first_epoch(setup: Setup) -> Setup:
    return replace(setup, objective=replace(setup.objective, ramp=1.0).at(0, epochs=20))


SWITCHES = (
    Switch(
        "gradient of",
        "Eq. 2; Algorithm 2",
        "Eq. 2 differentiates the score, Algorithm 2 the loss",
        "the score",
        "the loss",
        _options(gradient_of="loss"),
        trained=True,
    ),
    Switch(
        "left in .grad",
        "Algorithm 2; released code",
        "backward() for the map, and again for the loss; nothing is cleared between",
        "only the loss moves weights",
        "the scores' gradient moves them, too",
        _as(LeftInGrad),
        trained=True,
    ),
    Switch(
        "mean over",
        "section 3.2",
        "averaged over all training images; only the rarest class has boxes",
        "the boxed images",
        "the whole batch",
        _options(average="batch"),
        trained=True,
    ),
    Switch(
        "sum or mean",
        "section 3.2; released code",
        "averaged; the code sums",
        "mean over the boxed",
        "sum over the boxed",
        _options(average="sum"),
    ),
    Switch(
        "weights in L_c",
        "section 3.2; Algorithm 2",
        "'general cross entropy'; the comment has 'weighted'",
        "all classes alike",
        "CSL",
        lambda setup: replace(setup, weighted=True),
        trained=True,
    ),
    Switch(
        "τ",
        "Table 1; Tables 2 and 6",
        "0.7; the row of Table 2 is that of 0.5",
        "as above, the paper's 0.7",
        "0.5",
        _options(tau=0.5),
    ),
    Switch("λ", "section 4.1.2", "1 on skin, 0.5 on chest", "as above, ours: 2", "1", _options(lam=1.0)),
    Switch(
        "α at first",
        "Table 1",
        "0.5; nothing of a beginning",
        "0.5 from the first step",
        "grows over the epochs",
        _first_epoch,
    ),
    Switch(
        "ReLU",
        "Eq. 3",
        "none; Grad-CAM's own paper has one",
        "none",
        "negative values become 0",
        _options(method="grad_cam_relu"),
    ),
    Switch(
        "σ takes part",
        "Algorithm 2",
        "get_gradients(), and no word of second order",
        "σ is a constant",
        "second order",
        _options(second_order=True),
    ),
    Switch(
        "compared at",
        "section 3.1; Table 1",
        "resized to 224 × 224",
        "the image's size",
        "the map's size",
        _options(resolution="feature"),
        trained=True,
    ),
    Switch(
        "min-max",
        "Algorithm 1",
        "normalise, then enlarge",
        "as printed",
        "enlarge, then normalise",
        _as(NormalisedLast),
    ),
    Switch(
        "M_out",
        "section 3.2",
        "1, or by the distance to the box",
        "1",
        "the distance",
        _options(outer="distance"),
    ),
    Switch(
        "M_in",
        "section 3.3",
        "'a rectangle containing the lesion'; then '1 for the lesion region'",
        "the box",
        "the lesion's region",
        lambda setup: replace(setup, regions=True),
    ),
    Switch(
        "mode",
        "Algorithm 2",
        "nothing of batch normalisation while the map is made",
        "training mode",
        "evaluation mode",
        lambda setup: replace(setup, training=False),
    ),
)


class Taken(NamedTuple):
    """What a setup makes of a scene: the raw maps of the boxed images, L_a, and the gradient of L by all weights."""

    maps: Float[np.ndarray, "n p"]
    attention: float
    gradient: Float[np.ndarray, " w"]


def scenes(lesson: Setting, model: Backbone, size: int = BATCH) -> tuple[Scene, Scene]:
    """Two batches of at most `size` training images that share none, each with half of the rare class's boxed ones."""
    train, rare = lesson.train, boxed_rows(lesson.train)
    random = np.random.default_rng(lesson.parameters["seed"])
    boxed = random.permutation(rare)[:size]
    others = random.permutation(np.setdiff1d(np.arange(len(train)), rare))
    halves = np.array_split(boxed, 2) if len(boxed) > 1 else [boxed, boxed]
    fill = min(size - len(halves[0]), len(others) // 2)
    source = BoxedImages(train, lesson.arm.boxes(train, rare))
    train = cached_for_training(model, train, lesson.profile)
    counts = list(train.counts().values())
    made = []
    for half, rest in zip(halves, (others[:fill], others[fill : 2 * fill]), strict=True):
        rows = np.sort(np.concatenate([half, rest]))
        batch = source.__getitems__(rows.tolist())
        regions = None if train.masks is None else torch.from_numpy(train.read_masks(rows))
        with torch.no_grad():
            early = network_for(model, train).early(train.tensor(rows))
        made.append(Scene(model, batch, early, regions, counts))
    return made[0], made[1]


def take(scene: Scene, setup: Setup) -> Taken:
    """One step on a copy of the model, up to the gradient."""
    net, batch = copy.deepcopy(scene.model).train(setup.training), scene.batch
    m_in = batch.m_in if not setup.regions or scene.regions is None else scene.regions * batch.has_box[:, None, None]
    with one_thread(), seeded(0):
        logits, features = net.behind_early()(scene.early)
        weights = class_weights(scene.counts) if setup.weighted else None
        step = Step(
            net,
            scene.early,
            batch.labels,
            m_in,
            batch.has_box,
            logits,
            features,
            partial(functional.cross_entropy, weight=weights),
        )
        loss = setup.objective.loss_of(step)
        maps = raw_activation_map(
            logits,
            features,
            batch.labels,
            rows=batch.has_box.nonzero()[:, 0],
            classifier=net.linear_head,
            method=setup.objective.method,
            gradient_of=setup.objective.gradient_of,
        ).detach()
        loss.total.backward()
    trained = [weight for weight in net.parameters() if weight.requires_grad]
    gradient = torch.cat([(w.grad if w.grad is not None else torch.zeros_like(w)).flatten() for w in trained])
    alpha = setup.objective.alpha
    attention = (loss.total - (1 - alpha) * loss.classification) / alpha if alpha else loss.total * 0
    return Taken(maps.flatten(1).double().numpy(), attention.item(), gradient.double().numpy())


def angle(a: Float[np.ndarray, " w"], b: Float[np.ndarray, " w"]) -> float:
    """Between two gradients, in degrees: 0 is the same direction, 180 the opposite one."""
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return float(np.degrees(np.arccos(np.clip(a @ b / lengths, -1, 1)))) if lengths > 0 else float("nan")


def correlation(a: Float[np.ndarray, "n p"], b: Float[np.ndarray, "n p"]) -> float:
    """The median over the images of how two maps correlate; maps without any pattern are left out."""
    there = (a.std(1) > 0) & (b.std(1) > 0)
    each = [np.corrcoef(x, y)[0, 1] for x, y in zip(a[there], b[there], strict=True)]
    return float(np.median(each)) if each else float("nan")


def throw_all(lesson: Setting, model: Backbone) -> pd.DataFrame:
    """Each switch thrown on one batch, a row each; the first row is as decided, the second another batch as decided.

    Columns: `angle` (degrees between the steps), `maps` (median correlation, NaN where the batch is another), L_a.
    Left out are switches that cannot be thrown here: no masks are known, or τ or λ is the other value already.
    """
    here, there = scenes(lesson, model)
    decided = Setup(lesson.care)
    base, other = take(here, decided), take(there, decided)
    rows = {
        PLAIN: {"angle": 0.0, "maps": 1.0, "L_a": base.attention},
        ANOTHER: {"angle": angle(base.gradient, other.gradient), "maps": float("nan"), "L_a": other.attention},
    }
    for switch in SWITCHES:
        setup = switch.throw(decided)
        if setup == decided or (setup.regions and here.regions is None):
            continue
        taken = take(here, setup)
        rows[switch.name] = {
            "angle": angle(base.gradient, taken.gradient),
            "maps": correlation(base.maps, taken.maps),
            "L_a": taken.attention,
        }
    return pd.DataFrame(rows).T


def arms(lesson: Setting) -> dict[str, Arm]:
    """CARE with each switch thrown that the lesson trains with."""
    made = {}
    for switch in (each for each in SWITCHES if each.trained):
        setup = switch.throw(Setup(lesson.care))
        strategy = STRATEGIES["weighted"] if setup.weighted else Strategy()
        made[switch.name] = replace(lesson.arm, objective=setup.objective, strategy=strategy)
    return made


def in_words() -> pd.DataFrame:
    """What the paper says, what was decided and what else could have been, a row a switch."""
    return pd.DataFrame(
        {
            each.name: {
                "the paper": f"{each.says} ({each.where})",
                "decided here": each.decided,
                "instead": each.instead,
            }
            for each in SWITCHES
        }
    ).T


def whole(thrown: pd.DataFrame, moved: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The words, what one step said, and for the switches that were trained with what the result did.

    Args:
        thrown: of `throw_all`.
        moved: switch -> `experiment.paired_difference` of its arm from CARE as decided.
    """
    table = in_words().join(thrown).rename(columns={"angle": "step turned (°)", "maps": "maps correlate"})
    for name, table_of in moved.items():
        for metric, row in table_of.iterrows():
            half = "" if pd.isna(row["±"]) else f" ± {row['±']:.2f}"
            table.loc[name, f"change: {label_of(metric)}"] = f"{row['difference']:+.2f}{half}"
    return table


def letter(angles: pd.Series, cannot: Mapping[str, list[float]], said: pd.DataFrame) -> str:
    """A draft to the authors: what was done, what was found, and questions, the one that changes most first.

    Args:
        angles: switch -> by how many degrees it turns a step.
        cannot: data -> printed recalls that cannot occur.
        said: rows with `setting`, `what`, `printed` and `apart`, of settings that are printed several times.
    """
    by_name = {each.name: each for each in SWITCHES}
    lines = ["Dear authors,", "we build on your paper, and measured where we may have misread it.", ""]
    for number, (name, degrees) in enumerate(angles.sort_values(ascending=False)[:3].items(), 1):
        each = by_name[name]
        lines.append(f"{number}. {each.where}: {each.says}.")
        lines.append(
            f"   We took: {each.decided}. Or is it: {each.instead}? It turns a training step by {degrees:.0f} degrees."
        )
    widest = said.sort_values("apart").iloc[-1]
    lines.append(f"4. {widest.setting}, {widest.what}, in your tables (T): {widest.printed}. Which run is meant?")
    few = [f"on {data} {', '.join(map(str, values[:4]))} %" for data, values in cannot.items() if values]
    lines.append(f"5. How many test images has the smallest class? By the text, there cannot be {' and '.join(few)}.")
    return "\n".join([*lines, "", "Each can be answered in a line. Thank you for the paper."])
