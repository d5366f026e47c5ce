"""The two stages of CARE (paper, Fig. 3 and Algorithm 2): pretrain without attention, finetune with it."""

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from carekit import checkpoints
from carekit.backbones import Backbone
from carekit.data.batches import Batch, BoxedImages, loader, to_unit
from carekit.description import described
from carekit.objectives import Care, Loss, Objective, Step
from carekit.seeding import seeded
from carekit.strategies import ClassLoss, Strategy, of_both_labels

Validate = Callable[[Backbone], dict[str, float]]
History = list[dict[str, float]]
PLAIN = Strategy()


@dataclass(frozen=True)
class Schedule:
    """How a stage runs, with AdamW.

    Args:
        epochs: passes over the training images, at least 1.
        batch_size: images a step, at least 1.
        lr: the initial learning rate, in (0, 1). It stays, as Table 1 seems to have it.
        cosine: let the learning rate fall to zero over the epochs, so that the last epoch is not decided by chance.
        weight_decay: AdamW's.
        seed: fixes order and augmentation of every epoch.
        device: "cpu", "cuda", ...
        bf16: mixed precision, for a GPU.
        workers: processes that read and augment.
        patience: stop after so many epochs without a lower loss; 0 never stops.

    Raises:
        ValueError: for a value out of range.
    """

    epochs: int
    batch_size: int = 32
    lr: float = 1e-3
    cosine: bool = False
    weight_decay: float = 0.01
    seed: int = 0
    device: str = "cpu"
    bf16: bool = False
    workers: int = 0
    patience: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1:
            raise ValueError(f"epochs = {self.epochs} and batch_size = {self.batch_size} must be at least 1")
        if not 0 < self.lr < 1:
            raise ValueError(f"lr = {self.lr} is out of range: choose 0 < lr < 1 (the paper has 1e-4)")


def pretrain(
    model: Backbone,
    train: BoxedImages,
    schedule: Schedule,
    *,
    strategy: Strategy = PLAIN,
    validate: Validate | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Stage one: the classification loss alone, on all images. Everything else is as in `finetune`."""
    rows = epochs(
        model,
        train,
        Care(alpha=0),
        schedule,
        stage="pretrain",
        strategy=strategy,
        validate=validate,
        checkpoint=checkpoint,
    )
    return _collect(rows, "pretrain", schedule.epochs, progress)


def finetune(
    model: Backbone,
    train: BoxedImages,
    objective: Objective,
    schedule: Schedule,
    *,
    strategy: Strategy = PLAIN,
    validate: Validate | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Stage two: the same images and labels, now with the attention loss on those that show a box.

    `objective.control()`, for CARE that with α = 0, is the fair control: the same stage without attention.

    Args:
        model: trained in place.
        train: the training images, and the boxes that they show.
        objective: what is minimised.
        schedule: how long, how fast, in which order.
        strategy: how class imbalance is treated.
        validate: what to compute of the model after each epoch, into the history.
        checkpoint: a file that is written after each epoch; where it exists, training resumes from it and ends as if
            it had never stopped.
        progress: show a bar.

    Returns:
        The history, one row an epoch, see `epochs`.

    Raises:
        ValueError, FloatingPointError: as `epochs`.
    """
    rows = epochs(
        model,
        train,
        objective,
        schedule,
        stage="finetune",
        strategy=strategy,
        validate=validate,
        checkpoint=checkpoint,
    )
    return _collect(rows, "finetune", schedule.epochs, progress)


def _collect(epoch_rows: Iterator[dict[str, float]], stage: str, total: int, progress: bool) -> pd.DataFrame:
    rows = []
    with tqdm(total=total, desc=stage, unit="epoch", disable=not progress, file=sys.stdout) as bar:
        for row in epoch_rows:
            rows.append(row)
            bar.update()
            bar.set_postfix(loss=f"{row['loss']:.3f}")
    return pd.DataFrame(rows)


def epochs(
    model: Backbone,
    train: BoxedImages,
    objective: Objective,
    schedule: Schedule,
    *,
    stage: str,
    strategy: Strategy = PLAIN,
    validate: Validate | None = None,
    checkpoint: str | Path | None = None,
) -> Iterator[dict[str, float]]:
    """Train `model` in place by one epoch whenever the next row of its history is asked for.

    Args:
        stage: "pretrain" or "finetune": the name of the stage, which decides the order of its images too.
        model, train, objective, schedule, strategy, validate, checkpoint: see `finetune`.

    Yields:
        epoch, loss and its parts, images_per_s, wait (the share of time spent waiting for data), and whatever
        `validate(model)` returns.

    Raises:
        ValueError: for attention where no image has a box or the map is a single cell, for a non-finite image, and
            where the images are needed but only kept features are there.
        FloatingPointError: for a non-finite loss or gradient, before it can reach a weight.
    """
    if objective.needs_boxes and not train.boxes:
        raise ValueError(
            f"{objective} asks for attention, but no training image of the chosen classes has a box: "
            f"add boxes, choose other classes, or take {objective.control()}"
        )
    if objective.needs_boxes:
        model.map_size(train.data.size)
    if train.kept is not None and (objective.needs_images or strategy.needs_images):
        asks = objective if objective.needs_images else strategy
        raise ValueError(
            f"{asks} needs the images, and only kept features of frozen layers are there: give BoxedImages without kept"
        )
    with _trainable_as_found(model):
        yield from _epochs(model, train, objective, schedule, stage, strategy, validate, checkpoint)
        strategy.finish(model, train)


def _epochs(
    model: Backbone,
    train: BoxedImages,
    objective: Objective,
    schedule: Schedule,
    stage: str,
    strategy: Strategy,
    validate: Validate | None,
    checkpoint: str | Path | None,
) -> Iterator[dict[str, float]]:
    device = torch.device(schedule.device)
    strategy.prepare(model)
    model.to(device).to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]  # faster, same result
    classification = strategy.class_loss(list(train.data.counts().values())).to(device)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=schedule.lr, weight_decay=schedule.weight_decay)
    plan = {
        "stage": stage,
        "objective": described(objective),
        "strategy": described(strategy),
        "schedule": asdict(schedule) | {"device": ""},
    }
    history = _resume(checkpoint, model, optimizer, plan)
    yield from history
    batches = loader(
        train,
        schedule.batch_size,
        shuffle=True,
        sampler=strategy.sampler(train.data.labels),
        workers=schedule.workers,
        pin=device.type == "cuda",
    )
    while len(history) < schedule.epochs and not _stalled(history, schedule.patience):
        epoch = len(history)
        optimizer.param_groups[0]["lr"] = _learning_rate(schedule, epoch)
        if isinstance(classification, ClassLoss):
            classification.start_epoch(epoch, schedule.epochs)
        now = objective.at(epoch, schedule.epochs)
        with seeded(_epoch_seed(schedule.seed, stage, epoch)):
            steps = _steps(model, map(strategy.batch, batches), now, classification, optimizer, schedule)
            row = {"epoch": epoch + 1} | _means(steps)
        model.eval()
        strategy.end_epoch(model, train)
        if validate is not None:
            row |= validate(model)
        history.append(row)
        if checkpoint is not None:
            state = checkpoints.optimizer_tensors(optimizer)
            checkpoints.save(checkpoint, model, state, {"plan": plan, "history": history})
        yield row


@contextmanager
def _trainable_as_found(model: Backbone) -> Iterator[None]:
    """Whatever is frozen inside is free again afterwards, and what was frozen before stays so."""
    found = [(weight, weight.requires_grad) for weight in model.parameters()]
    try:
        yield
    finally:
        for weight, was_trained in found:
            weight.requires_grad_(was_trained)


def _train_mode(model: Backbone) -> None:
    """Training mode, but where all weights are frozen: there normalisations keep their statistics as well."""
    model.train()
    for module in model.modules():
        weights = list(module.parameters())
        if weights and not any(weight.requires_grad for weight in weights):
            module.eval()


@dataclass(frozen=True)
class _Taken:
    """One step of an epoch: what it cost, on how many images, and the seconds spent waiting for data and in all."""

    loss: Loss
    images: int
    waited: float
    seconds: float


def _steps(
    model: Backbone,
    batches: Iterable[Batch],
    objective: Objective,
    classification: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: Schedule,
) -> Iterator[_Taken]:
    """One pass over the data."""
    _train_mode(model)
    asked = time.perf_counter()
    for batch in batches:
        received = time.perf_counter()
        loss = train_step(model, batch, objective, classification, optimizer, schedule)
        done = time.perf_counter()
        yield _Taken(loss, len(batch.labels), received - asked, done - asked)
        asked = done


def _means(steps: Iterator[_Taken]) -> dict[str, float]:
    """An epoch's row: losses are means over all images, the parts of the objective means over the boxed ones."""
    n_images = n_boxed = 0
    waited = seconds = 0.0
    over_images = {"loss": 0.0, "L_c": 0.0}
    over_boxed: dict[str, float] = {}
    for step in steps:
        n_images += step.images
        n_boxed += step.loss.boxed
        waited += step.waited
        seconds += step.seconds
        over_images["loss"] += step.loss.total.item() * step.images
        over_images["L_c"] += step.loss.classification.item() * step.images
        for name, part in step.loss.parts.items():
            over_boxed[name] = over_boxed.get(name, 0.0) + (part.item() * step.loss.boxed if step.loss.boxed else 0.0)
    row = {name: total / n_images for name, total in over_images.items()}
    row |= {name: total / n_boxed if n_boxed else float("nan") for name, total in over_boxed.items()}
    return row | {"images_per_s": n_images / seconds, "wait": waited / seconds}


def train_step(
    model: Backbone,
    batch: Batch,
    objective: Objective,
    classification: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    schedule: Schedule,
) -> Loss:
    """One optimizer step: forward, objective (which makes the maps it needs), backward.

    Args:
        batch: images in 0..255 or [0, 1], labels, masks, and which images have a box.
        classification: L_c of logits and labels.
        model, objective, schedule: see `finetune`.

    Raises:
        ValueError, FloatingPointError: as `epochs`; no weight has changed then.
    """
    device = torch.device(schedule.device)
    images = early = None
    if batch.early is not None:
        early = batch.early.to(device, non_blocking=True)
    else:
        images = to_unit(batch.pixels.to(device, non_blocking=True)).contiguous(memory_format=torch.channels_last)
        images.requires_grad_(objective.needs_image_gradient)
    labels = batch.labels.to(device, non_blocking=True)
    with torch.autocast(device.type, torch.bfloat16, enabled=schedule.bf16):
        logits, features = model(images, early=early)
    if isinstance(classification, ClassLoss):
        classification = classification.of_pass(model, features)
    if batch.mixed_with is not None:
        classification = of_both_labels(classification, batch.mixed_with.to(device), batch.share)
    # Outside the mixed precision: masks and maps are summed in 32 bits.
    step = Step(
        model=model,
        images=images,
        labels=labels,
        m_in=batch.m_in,
        has_box=batch.has_box,
        logits=logits.float(),
        features=features,
        classification=classification,
    )
    loss = objective.loss_of(step)
    optimizer.zero_grad(set_to_none=True)
    loss.total.backward()
    norm = nn.utils.get_total_norm([p.grad for p in model.parameters() if p.grad is not None])
    if not torch.isfinite(loss.total + norm):
        raise FloatingPointError(
            "the loss or its gradient is not finite, and the weights were left as they are: lower the learning rate"
        )
    optimizer.step()
    return loss


def _learning_rate(schedule: Schedule, epoch: int) -> float:
    part = (1 + math.cos(math.pi * epoch / schedule.epochs)) / 2 if schedule.cosine else 1.0
    return schedule.lr * part


def _epoch_seed(seed: int, stage: str, epoch: int) -> int:
    """Its own seed for each epoch: a resumed run then draws what an uninterrupted one would have drawn."""
    return (seed * 2 + (stage == "finetune")) * 100_003 + epoch


def _stalled(history: History, patience: int) -> bool:
    losses = [row["loss"] for row in history]
    return bool(patience) and len(losses) > patience and min(losses[-patience:]) >= min(losses[:-patience])


def _resume(
    checkpoint: str | Path | None, model: Backbone, optimizer: torch.optim.Optimizer, plan: dict[str, Any]
) -> History:
    if checkpoint is None or not Path(checkpoint).exists():
        return []
    state, about = checkpoints.load(checkpoint, model)
    if about.get("plan") != plan:
        raise ValueError(f"checkpoint {checkpoint} is of a run with other settings: delete it or name another file")
    checkpoints.restore_optimizer(optimizer, state)
    return about["history"]
