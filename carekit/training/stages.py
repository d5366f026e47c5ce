"""The two stages: pretrain without attention, finetune with it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from carekit.data.batches import BoxedImages
from carekit.networks import Backbone
from carekit.objectives import Care, Objective
from carekit.strategies import Strategy
from carekit.training.epochs import PLAIN, Validate, epochs
from carekit.training.schedule import Schedule


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
        checkpoint: a file that is written after an epoch, every few seconds; where it exists, training resumes from it
            and ends as if it had never stopped.
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
