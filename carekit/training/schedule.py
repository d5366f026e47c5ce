"""How a stage runs: how long, how fast, in which order."""

import math
from dataclasses import dataclass


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
    bf16: bool = False
    workers: int = 0
    patience: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1:
            raise ValueError(f"epochs = {self.epochs} and batch_size = {self.batch_size} must be at least 1")
        if not 0 < self.lr < 1:
            raise ValueError(f"lr = {self.lr} is out of range: choose 0 < lr < 1 (the paper has 1e-4)")


def learning_rate(schedule: Schedule, epoch: int) -> float:
    """The learning rate of epoch number `epoch`; the first is 0."""
    if not schedule.cosine:
        return schedule.lr
    return schedule.lr * (1 + math.cos(math.pi * epoch / schedule.epochs)) / 2


def epoch_seed(seed: int, stage: str, epoch: int) -> int:
    """Its own seed for each epoch: a resumed run then draws what an uninterrupted one would have drawn."""
    return (seed * 2 + (stage == "finetune")) * 100_003 + epoch
