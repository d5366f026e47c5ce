"""A stage, epoch by epoch; every few seconds, and at the end, it leaves a checkpoint that the next run resumes from."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from carekit.data.batches import BoxedImages, loader
from carekit.ground.settings_as_data import described
from carekit.method.seeding import seeded
from carekit.networks import Backbone, checkpoints
from carekit.objectives import Objective
from carekit.strategies import ClassLoss, Strategy
from carekit.training.one_pass import means, steps
from carekit.training.schedule import Schedule, epoch_seed, learning_rate

Validate = Callable[[Backbone], dict[str, float]]
History = list[dict[str, float]]
PLAIN = Strategy()
SAVE_AFTER = 2.0  # seconds of training that a kill may cost; a short epoch takes a tenth of it


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
    saved = time.monotonic()
    while _goes_on(history, schedule):
        epoch = len(history)
        optimizer.param_groups[0]["lr"] = learning_rate(schedule, epoch)
        if isinstance(classification, ClassLoss):
            classification.start_epoch(epoch, schedule.epochs)
        now = objective.at(epoch, schedule.epochs)
        with seeded(epoch_seed(schedule.seed, stage, epoch)):
            taken = steps(model, map(strategy.batch, batches), now, classification, optimizer, schedule)
            row = {"epoch": epoch + 1} | means(taken)
        model.eval()
        strategy.end_epoch(model, train)
        if validate is not None:
            row |= validate(model)
        history.append(row)
        due = time.monotonic() - saved >= SAVE_AFTER or not _goes_on(history, schedule)
        if checkpoint is not None and due:
            state = checkpoints.optimizer_tensors(optimizer)
            checkpoints.save(checkpoint, model, state, {"plan": plan, "history": history})
            saved = time.monotonic()
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


def _goes_on(history: History, schedule: Schedule) -> bool:
    """Whether epochs are left, and the loss has not stopped falling for as many as the schedule's patience."""
    losses, patience = [row["loss"] for row in history], schedule.patience
    stalled = patience and len(losses) > patience and min(losses[-patience:]) >= min(losses[:-patience])
    return len(history) < schedule.epochs and not stalled


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
