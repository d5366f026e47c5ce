"""One pass over the training images, and its row of the history."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import nn

from carekit.data.batches import Batch
from carekit.networks import Backbone
from carekit.objectives import Loss, Objective
from carekit.training.schedule import Schedule
from carekit.training.step import train_step


@dataclass(frozen=True)
class Taken:
    """One step of an epoch: what it cost, on how many images, and the seconds spent waiting for data and in all."""

    loss: Loss
    images: int
    waited: float
    seconds: float


def steps(
    model: Backbone,
    batches: Iterable[Batch],
    objective: Objective,
    classification: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: Schedule,
) -> Iterator[Taken]:
    """One pass over the data."""
    _train_mode(model)
    asked = time.perf_counter()
    for batch in batches:
        received = time.perf_counter()
        loss = train_step(model, batch, objective, classification, optimizer, schedule)
        done = time.perf_counter()
        yield Taken(loss, len(batch.labels), received - asked, done - asked)
        asked = done


def means(steps: Iterator[Taken]) -> dict[str, float]:
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


def _train_mode(model: Backbone) -> None:
    """Training mode, but where all weights are frozen: there normalisations keep their statistics as well."""
    model.train()
    for module in (*model.trunk.modules(), *model.head.modules()):
        weights = list(module.parameters())
        if weights and not any(weight.requires_grad for weight in weights):
            module.eval()
