"""Train a segmentation on pairs until it converges, and keep it frozen."""

import copy
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from carekit.material.autobox.deeplab import DeepLab, build_deeplab, dice_loss
from carekit.material.autobox.pairs import FEWEST, Pairs
from carekit.material.autobox.views import View, Views
from carekit.method.seeding import seeded
from carekit.networks import checkpoints


@dataclass(frozen=True)
class Fit:
    """How a segmentation is trained, with AdamW.

    Args:
        epochs: at most.
        batch_size: pairs a step.
        lr: the initial learning rate; it falls to a third after an epoch without progress.
        patience: epochs without progress after which training has converged.
        held_out: the share of pairs that are not trained on, to see progress by, in (0, 1).
        seed: of the order, the flips and what is held out.

    Raises:
        ValueError: for a value out of range.
    """

    epochs: int = 30
    batch_size: int = 16
    lr: float = 1e-3
    patience: int = 3
    held_out: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "patience"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)} must be at least 1")
        if self.batch_size < 2:
            raise ValueError(f"batch_size = {self.batch_size} must be at least 2: the network learns from batches")
        if not 0 < self.lr < 1:
            raise ValueError(f"lr = {self.lr} is out of range: choose 0 < lr < 1")
        if not 0 < self.held_out < 1:
            raise ValueError(f"held_out = {self.held_out} is out of range: choose a share in (0, 1)")


def fit_segmenter(model: DeepLab, pairs: Pairs, fit: Fit = Fit(), *, progress: bool = True) -> pd.DataFrame:
    """Train `model` in place until it converges; it is left with its best weights, frozen, in evaluation mode.

    Returns:
        The history, one row an epoch: epoch, loss, held_out (the Dice loss on the pairs that are held out), lr.

    Raises:
        ValueError: for fewer than two pairs.
        FloatingPointError: for a loss that is not finite.
    """
    if len(pairs.images) < FEWEST:
        raise ValueError(f"{len(pairs.images)} pairs are too few to train on: give at least {FEWEST}")
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # faster, same result
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=fit.lr, weight_decay=0.01)
    falling = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=1 / 3, patience=0)
    history: list[dict] = []
    losses: list[float] = []  # of the pairs that are held out
    bar = tqdm(total=fit.epochs, desc="segment", unit="epoch", disable=not progress, file=sys.stdout)
    with seeded(fit.seed), bar:
        order = torch.randperm(len(pairs.images))
        count = max(1, round(fit.held_out * len(order)))
        train = Views(model, pairs.take(order[count:]), progress)
        held_out = Views(model, pairs.take(order[:count]), progress)
        for epoch in range(1, fit.epochs + 1):
            lr = optimizer.param_groups[0]["lr"]
            loss = _train_epoch(model, train, optimizer, fit.batch_size)
            losses.append(_held_out_loss(model, held_out))
            history.append({"epoch": epoch, "loss": loss, "held_out": losses[-1], "lr": lr})
            falling.step(losses[-1])
            if losses[-1] == min(losses):
                best = copy.deepcopy(model.state_dict())
            bar.update()
            bar.set_postfix(dice=f"{1 - losses[-1]:.3f}")
            # Converged: the lowest loss is as many epochs old as the patience allows.
            if len(losses) - 1 - losses.index(min(losses)) >= fit.patience:
                break
    model.load_state_dict(best)
    model.eval().requires_grad_(False)
    return pd.DataFrame(history)


def _train_epoch(model: DeepLab, train: Views, optimizer: torch.optim.Optimizer, batch_size: int) -> float:
    """One pass over the pairs; the mean loss. Raises FloatingPointError for a loss that is not finite."""
    model.train()
    losses = []
    order = torch.randperm(len(train))
    # A last batch of one pair would leave batch normalisation without a spread; it joins the one before.
    for rows in order.tensor_split(max(1, len(order) // batch_size)):
        if len(rows) == 1:  # the only pair
            rows = rows.repeat(2)
        loss = _loss_on(model, train.random(rows))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if not torch.isfinite(loss):
            raise FloatingPointError("the segmentation's loss is not finite: lower the learning rate")
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


@torch.no_grad()
def _held_out_loss(model: DeepLab, held_out: Views, batch_size: int = 32) -> float:
    model.eval()
    batches = torch.arange(len(held_out)).split(batch_size)
    total = sum(_loss_on(model, held_out.plain(rows)).item() * len(rows) for rows in batches)
    return total / len(held_out)


def _loss_on(model: DeepLab, view: View) -> Float[Tensor, ""]:
    height, width = view.masks.shape[1:]
    return dice_loss(model.behind(view.early, (height, width)), view.masks)


def save_segmenter(path: str | Path, model: DeepLab, size: int, **more: Any) -> None:
    """Write the weights, the size that they were trained at, and other notes."""
    notes = {"trunk": model.name.removeprefix("deeplabv3-"), "frozen": model.frozen is not None, "size": size}
    checkpoints.save(path, model, about=notes | more)


def load_segmenter(path: str | Path) -> tuple[DeepLab, dict]:
    """The frozen segmentation and the notes of its file.

    Raises:
        FileNotFoundError: for a missing file.
        ValueError: for a damaged file, or one of another network.
    """
    notes = checkpoints.read_about(path)
    if not {"trunk", "frozen", "size"} <= notes.keys():
        raise ValueError(f"checkpoint {path} holds no segmentation: make one with `python -m carekit segment train`")
    model = build_deeplab(notes["trunk"], frozen=notes["frozen"])
    checkpoints.load(path, model)
    return model.eval().requires_grad_(False), notes
