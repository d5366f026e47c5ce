"""Train a segmentation on pairs until it converges, and keep it frozen."""

import copy
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tqdm import tqdm

from carekit.material.autobox.deeplab import DeepLab, build_deeplab, dice_loss
from carekit.material.autobox.kept import Kept, kept
from carekit.material.autobox.pairs import FEWEST, Pairs
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
    best = copy.deepcopy(model.state_dict())
    with (
        seeded(fit.seed),
        tqdm(total=fit.epochs, desc="segment", unit="epoch", disable=not progress, file=sys.stdout) as bar,
    ):
        train, held_out = (kept(model, part, progress) for part in _divide(pairs, fit.held_out))
        while len(history) < fit.epochs and not _converged(history, fit.patience):
            lr = optimizer.param_groups[0]["lr"]
            loss = _epoch(model, train, optimizer, fit.batch_size)
            history.append({"epoch": len(history) + 1, "loss": loss, "held_out": _loss_on(model, held_out), "lr": lr})
            falling.step(history[-1]["held_out"])
            if history[-1]["held_out"] == min(row["held_out"] for row in history):
                best = copy.deepcopy(model.state_dict())
            bar.update()
            bar.set_postfix(dice=f"{1 - history[-1]['held_out']:.3f}")
    model.load_state_dict(best)
    model.eval().requires_grad_(False)
    return pd.DataFrame(history)


def _divide(pairs: Pairs, share: float) -> tuple[Pairs, Pairs]:
    order = torch.randperm(len(pairs.images))
    count = max(1, round(share * len(order)))
    train, held_out = order[count:], order[:count]
    return (
        Pairs(pairs.images[train], pairs.masks[train]),
        Pairs(pairs.images[held_out], pairs.masks[held_out]),
    )


def _converged(history: list[dict], patience: int) -> bool:
    losses = [row["held_out"] for row in history]
    return len(losses) > patience and min(losses[-patience:]) >= min(losses[:-patience])


def _epoch(model: DeepLab, train: Kept, optimizer: torch.optim.Optimizer, batch_size: int) -> float:
    model.train()
    losses = []
    order = torch.randperm(len(train))
    # A last batch of one pair would leave batch normalisation without a spread; it joins the one before.
    for rows in order.tensor_split(max(1, len(order) // batch_size)):
        if len(rows) == 1:  # the only pair
            rows = rows.repeat(2)
        early, masks = train.turned(rows)
        loss = dice_loss(model.behind(early, (masks.shape[1], masks.shape[2])), masks)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if not torch.isfinite(loss):
            raise FloatingPointError("the segmentation's loss is not finite: lower the learning rate")
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


@torch.no_grad()
def _loss_on(model: DeepLab, held_out: Kept, batch_size: int = 32) -> float:
    model.eval()
    total = 0.0
    for rows in torch.arange(len(held_out)).split(batch_size):
        early, masks = held_out.plain(rows)
        total += dice_loss(model.behind(early, (masks.shape[1], masks.shape[2])), masks).item() * len(rows)
    return total / len(held_out)


def save_segmenter(path: str | Path, model: DeepLab, size: int, **about: Any) -> None:
    """Write the weights with the size that they were trained at, and what else is to be known."""
    own = {"trunk": model.name.removeprefix("deeplabv3-"), "frozen": model.frozen is not None, "size": size}
    checkpoints.save(path, model, about=own | about)


def load_segmenter(path: str | Path) -> tuple[DeepLab, dict]:
    """The frozen segmentation and what its file says about it.

    Raises:
        FileNotFoundError: where there is no such file.
        ValueError: where it is damaged, or holds another network.
    """
    about = checkpoints.read_about(path)
    if not {"trunk", "frozen", "size"} <= about.keys():
        raise ValueError(f"checkpoint {path} holds no segmentation: make one with `python -m carekit segment train`")
    model = build_deeplab(about["trunk"], frozen=about["frozen"])
    checkpoints.load(path, model)
    return model.eval().requires_grad_(False), about
