"""The two stages of CARE (paper, Fig. 3 and Algorithm 2), with the loop in sight: pretrain without attention, finetune
with it. Both are `epochs`, each epoch one pass over the images, and each batch one `train_step`."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from carekit.data.batches import Batch, BoxedImages, loader, to_unit
from carekit.data.cached import Cached, network_for
from carekit.ground.settings_as_data import to_plain
from carekit.method.seeding import seeded
from carekit.networks import Backbone, checkpoints
from carekit.objectives import Care, Loss, Objective, Step
from carekit.strategies import ClassLoss, Strategy, of_both_labels
from carekit.training.schedule import Schedule, epoch_seed, learning_rate

if TYPE_CHECKING:
    from typing_extensions import Unpack  # in typing since Python 3.11

Validate = Callable[[Backbone], dict[str, float]]
History = list[dict[str, float]]
PLAIN = Strategy()
SAVE_AFTER = 2.0  # seconds of training that a kill may cost; a short epoch takes a tenth of it


class Options(TypedDict, total=False):
    """What may be asked of both stages besides; `finetune` explains each."""

    strategy: Strategy
    validate: Validate | None
    checkpoint: str | Path | None


def pretrain(
    model: Backbone, train: BoxedImages, schedule: Schedule, *, progress: bool = False, **options: "Unpack[Options]"
) -> pd.DataFrame:
    """Stage one: the classification loss alone, on all images. Everything else is as in `finetune`."""
    rows = epochs(model, train, Care(alpha=0), schedule, stage="pretrain", **options)
    return _history(rows, "pretrain", schedule.epochs, progress)


def finetune(
    model: Backbone,
    train: BoxedImages,
    objective: Objective,
    schedule: Schedule,
    *,
    progress: bool = False,
    **options: "Unpack[Options]",
) -> pd.DataFrame:
    """Stage two: the same images and labels, now with the attention loss on those that show a box.

    `objective.control()`, for CARE that with α = 0, is the fair control: the same stage without attention.

    Args:
        model: trained in place, on the device where it is.
        train: the training images, or cached features of them, and the boxes that they show.
        objective: what is minimised.
        schedule: how long, how fast, in which order.
        progress: show a bar.
        strategy: how class imbalance is treated; by default `Strategy()`, plain training.
        validate: what to compute of the model after each epoch, into the history.
        checkpoint: a file that is written after an epoch, every few seconds. Where it exists, training resumes from it
            and ends as if it had never stopped.

    Returns:
        The history, one row an epoch, see `epochs`.

    Raises:
        ValueError, FloatingPointError: as `epochs`.
    """
    rows = epochs(model, train, objective, schedule, stage="finetune", **options)
    return _history(rows, "finetune", schedule.epochs, progress)


def _history(epoch_rows: Iterator[dict[str, float]], stage: str, total: int, progress: bool) -> pd.DataFrame:
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
    _check(model, train, objective, strategy)
    net = network_for(model, train.data)  # without its frozen layers, where the data are their features
    with _trainable_as_found(model):
        # What the strategy changes of the network, of the loss and of the order of the images.
        strategy.prepare(model)
        model.to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]  # faster, with the same result
        class_loss = strategy.class_loss(list(train.data.counts().values())).to(model.device)
        sampler = strategy.sampler(train.data.labels)
        pin = model.device.type == "cuda"
        batches = loader(train, schedule.batch_size, shuffle=True, sampler=sampler, workers=schedule.workers, pin=pin)

        weights = [weight for weight in model.parameters() if weight.requires_grad]
        optimizer = torch.optim.AdamW(weights, lr=schedule.lr, weight_decay=schedule.weight_decay)
        plan = {"stage": stage, "objective": to_plain(objective), "strategy": to_plain(strategy)}
        plan["schedule"] = asdict(schedule)
        history = _resume(checkpoint, model, optimizer, plan)
        yield from history

        saved = time.monotonic()
        while not _finished(history, schedule):
            epoch = len(history)
            optimizer.param_groups[0]["lr"] = learning_rate(schedule, epoch)
            if isinstance(class_loss, ClassLoss):
                class_loss.start_epoch(epoch, schedule.epochs)
            current = objective.at(epoch, schedule.epochs)  # with the α of this epoch
            averages = _Averages()
            # Each epoch draws its order and augmentation from a seed of its own: a resumed run then draws the same.
            with seeded(epoch_seed(schedule.seed, stage, epoch)):
                _train_mode(net)
                for batch in map(strategy.batch, batches):
                    averages.batch_arrived()
                    loss = train_step(net, batch, current, class_loss, optimizer, schedule)
                    averages.add(loss, len(batch.labels))
            model.eval()
            strategy.end_epoch(net, train)
            row = {"epoch": epoch + 1} | averages.row()
            if validate is not None:
                row |= validate(model)
            history.append(row)
            # Short epochs share a checkpoint, since writing one may take longer than they do; the last always gets one.
            due = time.monotonic() - saved >= SAVE_AFTER or _finished(history, schedule)
            if checkpoint is not None and due:
                state = checkpoints.optimizer_tensors(optimizer)
                checkpoints.save(checkpoint, model, state, {"plan": plan, "history": history})
                saved = time.monotonic()
            yield row
        strategy.finish(model, train)


def train_step(
    model: Backbone,
    batch: Batch,
    objective: Objective,
    class_loss: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    schedule: Schedule,
) -> Loss:
    """One optimizer step: forward, objective (which makes the maps it needs), backward.

    Args:
        batch: images in 0..255 or [0, 1], labels, masks, and which images have a box.
        class_loss: L_c of logits and labels.
        model, objective, schedule: see `finetune`.

    Raises:
        ValueError, FloatingPointError: as `epochs`; no weight has changed then.
    """
    device = model.device
    images = to_unit(batch.images.to(device, non_blocking=True)).contiguous(memory_format=torch.channels_last)
    images.requires_grad_(objective.needs_images)  # some differentiate by them
    labels = batch.labels.to(device, non_blocking=True)
    with torch.autocast(device.type, torch.bfloat16, enabled=schedule.bf16):
        logits, features = model(images)  # (b, 3, h, w) -> (b, c) and (b, k, u, v)
    if isinstance(class_loss, ClassLoss):
        class_loss = class_loss.of_pass(model, features)
    if batch.mixed_with is not None:
        class_loss = of_both_labels(class_loss, batch.mixed_with.to(device), batch.share)
    # Outside the mixed precision: masks and maps are summed in 32 bits.
    step = Step(
        model=model,
        images=images,
        labels=labels,
        m_in=batch.m_in,
        has_box=batch.has_box,
        logits=logits.float(),
        features=features,
        classification=class_loss,
    )
    loss = objective.loss_of(step)
    optimizer.zero_grad(set_to_none=True)
    loss.total.backward()
    # The weights from the optimizer: to walk through the modules, frozen ones too, takes a tenth of a small step.
    trained = chain.from_iterable(group["params"] for group in optimizer.param_groups)
    norm = nn.utils.get_total_norm([weight.grad for weight in trained if weight.grad is not None])
    if not torch.isfinite(loss.total + norm):
        raise FloatingPointError(
            "the loss or its gradient is not finite, and the weights were left as they are: lower the learning rate"
        )
    optimizer.step()
    return loss


class _Averages:
    """An epoch's row: losses are means over all images, the parts of the objective means over the boxed ones."""

    def __init__(self) -> None:
        self.images = self.boxed = 0
        self.over_images = {"loss": 0.0, "L_c": 0.0}
        self.over_boxed: dict[str, float] = {}
        self.waited = self.seconds = 0.0
        self._asked = self._arrived = time.perf_counter()

    def batch_arrived(self) -> None:
        """Note the time at which a batch came: the network had to wait for it until now."""
        self._arrived = time.perf_counter()

    def add(self, loss: Loss, images: int) -> None:
        """Add a step on so many images, whose batch was the last to arrive."""
        done = time.perf_counter()
        self.waited += self._arrived - self._asked
        self.seconds += done - self._asked
        self.images += images
        self.boxed += loss.boxed
        self.over_images["loss"] += loss.total.item() * images
        self.over_images["L_c"] += loss.classification.item() * images
        for name, part in loss.parts.items():
            self.over_boxed.setdefault(name, 0.0)
            if loss.boxed:  # else the part is NaN
                self.over_boxed[name] += part.item() * loss.boxed
        self._asked = done

    def row(self) -> dict[str, float]:
        """The means over the epoch; NaN for the parts of the objective where no image had a box."""
        row = {name: total / self.images for name, total in self.over_images.items()}
        row |= {name: total / self.boxed if self.boxed else float("nan") for name, total in self.over_boxed.items()}
        return row | {"images_per_s": self.images / self.seconds, "wait": self.waited / self.seconds}


def _check(model: Backbone, train: BoxedImages, objective: Objective, strategy: Strategy) -> None:
    if objective.needs_boxes:
        if not train.boxes:
            raise ValueError(
                f"{objective} asks for attention, but no training image of the chosen classes has a box: "
                f"add boxes, choose other classes, or take {objective.control()}"
            )
        model.map_size(train.data.size)  # refuses a map of one cell
    for needy in (objective, strategy):
        if needy.needs_images and isinstance(train.data, Cached):
            raise ValueError(
                f"{needy} needs the images, and only kept features of frozen layers are there: "
                "give BoxedImages without `cached`"
            )


@contextmanager
def _trainable_as_found(model: Backbone) -> Iterator[None]:
    """Whatever is frozen inside is free again afterwards, and what was frozen before stays so."""
    before = [(weight, weight.requires_grad) for weight in model.parameters()]
    try:
        yield
    finally:
        for weight, was_trained in before:
            weight.requires_grad_(was_trained)


def _train_mode(model: Backbone) -> None:
    """Training mode, but where all weights are frozen: there normalisations keep their statistics as well."""
    model.train()
    for module in (*model.trunk.modules(), *model.head.modules()):
        weights = list(module.parameters())
        if weights and not any(weight.requires_grad for weight in weights):
            module.eval()


def _finished(history: History, schedule: Schedule) -> bool:
    """Whether no epoch is left, or the loss has stopped falling for as many as the schedule's patience."""
    losses, patience = [row["loss"] for row in history], schedule.patience
    stalled = patience and len(losses) > patience and min(losses[-patience:]) >= min(losses[:-patience])
    return len(history) >= schedule.epochs or bool(stalled)


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
