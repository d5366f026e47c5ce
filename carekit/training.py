"""The two stages of CARE (paper, Fig. 3 and Algorithm 2): pretrain without attention, finetune with it."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from carekit import checkpoints
from carekit.attention import Care, CareLoss
from carekit.data.batches import Batch, BoxedImages, loader, to_unit
from carekit.models import Backbone
from carekit.seeding import seeded

Validate = Callable[[Backbone], dict[str, float]]


@dataclass(frozen=True)
class Schedule:
    """How a stage runs, with AdamW.

    lr: the initial learning rate; it stays (as Table 1 seems to have it) or, with cosine, falls to zero over the
    epochs, so that the last epoch is no matter of chance. The seed fixes order and augmentation of every epoch.
    bf16: mixed precision, for a GPU. workers: processes that read and augment. patience: stop after so many epochs
    without a lower loss (0: never). Raises ValueError for a value out of range.
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

    def __post_init__(self):
        if self.epochs < 1 or self.batch_size < 1:
            raise ValueError(f"epochs = {self.epochs} and batch_size = {self.batch_size} must be at least 1")
        if not 0 < self.lr < 1:
            raise ValueError(f"lr = {self.lr} is out of range: choose 0 < lr < 1 (the paper has 1e-4)")


def pretrain(model: Backbone, train: BoxedImages, schedule: Schedule, **options) -> pd.DataFrame:
    """Stage one: the classification loss alone, on all images. `options` are those of `fit`."""
    return fit(model, train, Care(alpha=0), schedule, stage="pretrain", **options)


def finetune(model: Backbone, train: BoxedImages, care: Care, schedule: Schedule, **options) -> pd.DataFrame:
    """Stage two: the same images and labels, now with the attention loss on those that show a box.

    Care(alpha=0) is the fair control: the same stage without attention. `options` are those of `fit`.
    """
    return fit(model, train, care, schedule, stage="finetune", **options)


def fit(
    model: Backbone, train: BoxedImages, care: Care, schedule: Schedule, *, progress: bool = False, **options
) -> pd.DataFrame:
    """Train `model` in place; return the history, one row an epoch. `options` are those of `epochs`, which does it."""
    rows = []
    with tqdm(total=schedule.epochs, desc=options["stage"], unit="epoch", disable=not progress, file=sys.stdout) as bar:
        for row in epochs(model, train, care, schedule, **options):
            rows.append(row)
            bar.update()
            bar.set_postfix(loss=f"{row['loss']:.3f}")
    return pd.DataFrame(rows)


def epochs(
    model: Backbone,
    train: BoxedImages,
    care: Care,
    schedule: Schedule,
    *,
    stage: str,
    classification: nn.Module | Callable = functional.cross_entropy,
    validate: Validate | None = None,
    checkpoint: str | Path | None = None,
) -> Iterator[dict[str, float]]:
    """Train `model` in place by one epoch whenever the next row of its history is asked for.

    Rows hold: epoch, loss and its parts, images_per_s, wait (the share of time spent waiting for data), and whatever
    `validate(model)` returns. checkpoint: a file that is written after each epoch; where it exists, its rows come
    first, and training goes on from there and ends as if it had never stopped. Raises ValueError for attention where
    no image has a box and for a non-finite image, and FloatingPointError for a non-finite loss or gradient, before it
    can reach a weight.
    """
    if care.alpha > 0 and not train.boxes:
        raise ValueError(
            f"alpha = {care.alpha} asks for attention, but no training image of the chosen classes has a box: "
            "add boxes, choose other classes, or set alpha = 0"
        )
    device = torch.device(schedule.device)
    model.to(device, memory_format=torch.channels_last).eval()  # faster on CPU and GPU, same result
    if isinstance(classification, nn.Module):
        classification.to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=schedule.lr, weight_decay=schedule.weight_decay)
    plan = {"stage": stage, "care": asdict(care), "schedule": asdict(schedule) | {"device": ""}}
    history = _resume(checkpoint, model, optimizer, plan)
    yield from history
    batches = loader(train, schedule.batch_size, shuffle=True, workers=schedule.workers, pin=device.type == "cuda")
    while len(history) < schedule.epochs and not _stalled(history, schedule.patience):
        optimizer.param_groups[0]["lr"] = _learning_rate(schedule, len(history))
        with seeded(_epoch_seed(schedule.seed, stage, len(history))):
            row = {"epoch": len(history) + 1} | _epoch(model, batches, care, classification, optimizer, schedule)
        model.eval()
        if validate is not None:
            row |= validate(model)
        history.append(row)
        if checkpoint is not None:
            state = checkpoints.optimizer_tensors(optimizer)
            checkpoints.save(checkpoint, model, state, {"plan": plan, "history": history})
        yield row


def _epoch(model, batches, care, classification, optimizer, schedule) -> dict[str, float]:
    """One pass over the data."""
    model.train()
    sums, n_images, n_boxed, waiting = dict.fromkeys(("loss", "L_c", "L_in", "L_out"), 0.0), 0, 0, 0.0
    started = asked = time.perf_counter()
    for batch in batches:
        waiting += time.perf_counter() - asked
        loss = train_step(model, batch, care, classification, optimizer, schedule)
        n_images, n_boxed = n_images + len(batch.labels), n_boxed + loss.boxed
        sums["loss"] += loss.total.item() * len(batch.labels)
        sums["L_c"] += loss.classification.item() * len(batch.labels)
        if loss.boxed:
            sums["L_in"] += loss.inner.item() * loss.boxed
            sums["L_out"] += loss.outer.item() * loss.boxed
        asked = time.perf_counter()
    seconds = time.perf_counter() - started
    means = {name: total / n_images for name, total in sums.items() if name in ("loss", "L_c")}
    means |= {name: sums[name] / n_boxed if n_boxed else float("nan") for name in ("L_in", "L_out")}
    return means | {"images_per_s": n_images / seconds, "wait": waiting / seconds}


def train_step(
    model: Backbone,
    batch: Batch,
    care: Care,
    classification: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    schedule: Schedule,
) -> CareLoss:
    """One optimizer step: forward, map of the true class of the boxed images, objective, backward."""
    device = torch.device(schedule.device)
    images = to_unit(batch.images.to(device, non_blocking=True)).contiguous(memory_format=torch.channels_last)
    labels = batch.labels.to(device, non_blocking=True)
    with torch.autocast(device.type, torch.bfloat16, enabled=schedule.bf16):
        logits, features = model(images)
    # Outside the mixed precision: masks and maps are summed in 32 bits.
    loss = care(
        logits.float(),
        features,
        labels,
        batch.m_in,
        batch.has_box,
        classifier=model.linear_head,
        classification=classification,
    )
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


def _stalled(history: list[dict], patience: int) -> bool:
    losses = [row["loss"] for row in history]
    return bool(patience) and len(losses) > patience and min(losses[-patience:]) >= min(losses[:-patience])


def _resume(checkpoint, model, optimizer, plan) -> list[dict]:
    if checkpoint is None or not Path(checkpoint).exists():
        return []
    state, about = checkpoints.load(checkpoint, model)
    if about.get("plan") != plan:
        raise ValueError(f"checkpoint {checkpoint} is of a run with other settings: delete it or name another file")
    checkpoints.restore_optimizer(optimizer, state)
    return about["history"]
