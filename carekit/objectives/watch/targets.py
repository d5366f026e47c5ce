"""Labels of every kind -> the class loss they ask for, and the score whose map is wanted.

Shapes: b images, c classes.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor
from torch.nn import functional

from carekit.method.cam import choice_of

LABELS = "labels"  # the map is that of the label
IGNORED = -100  # torch's number for "no label"


class Target(NamedTuple):
    """The score of an image is Σ_c choice · y_c. known: which images have a class at all. Lesson 5."""

    choice: Float[Tensor, "b c"]
    known: Bool[Tensor, " b"]

    @property
    def classes(self) -> Int[Tensor, " b"]:
        """The class of each map; of several the first. With one logit 1, or 0 for its negative."""
        if self.choice.shape[1] == 1:
            return (self.choice[:, 0] > 0).long()
        return self.choice.argmax(1)


def class_loss_of(logits: Float[Tensor, "b c"], labels: Shaped[Tensor, "b *rest"]) -> Float[Tensor, ""]:
    """L_c by the kind of the labels: cross-entropy of classes, one-hot or soft labels; with one logit a sigmoid's.

    Raises ValueError for labels that need a loss of their own (several classes an image, numbers) or do not fit.

    Lesson 5.
    """
    if logits.shape[1] == 1:
        labels = _one_column(labels)
        known = labels >= 0  # below 0 is "no label", as in cross-entropy
        return functional.binary_cross_entropy_with_logits(logits[known, 0], labels[known].to(logits.dtype))
    if labels.shape == logits.shape:
        labels = labels.to(logits.dtype)
        if not bool(((labels.detach().sum(1) - 1).abs() < 1e-3).all()):
            raise ValueError(
                "the labels' rows do not sum to 1, so they are no shares of classes: where an image has several "
                "classes, give class_loss=torch.nn.functional.binary_cross_entropy_with_logits"
            )
        return functional.cross_entropy(logits, labels)
    classes = class_indices(labels, logits)
    return functional.cross_entropy(logits, torch.where(classes < 0, IGNORED, classes), ignore_index=IGNORED)


def _one_column(labels: Shaped[Tensor, "b *rest"]) -> Shaped[Tensor, " b"]:
    if labels.numel() != len(labels):
        raise ValueError(f"one logit an image, but labels of shape {tuple(labels.shape)}: give one label an image")
    return labels.reshape(-1)  # (b, 1) -> (b,)


def class_indices(labels: Shaped[Tensor, "b *rest"], logits: Float[Tensor, "b c"]) -> Int[Tensor, " b"]:
    """Labels (b,) or (b, 1) of any whole type as 64-bit class numbers; below 0 is "ignore". Lesson 5."""
    if labels.numel() != len(labels):
        raise ValueError(
            f"labels of shape {tuple(labels.shape)} do not fit logits of shape {tuple(logits.shape)}: give class "
            "numbers (b,), or a share for each class (b, c)"
        )
    if labels.is_floating_point():
        raise ValueError(f"labels are class numbers of type {labels.dtype}: make them whole, labels.long()")
    return labels.reshape(-1).long()  # (b, 1) -> (b,)


def target_of(
    logits: Float[Tensor, "b c"],
    labels: Shaped[Tensor, "b *rest"] | None,
    target: str | int | Tensor | None,
    ignore_index: int = IGNORED,
) -> Target:
    """Which score each image's map is of.

    Args:
        logits: the scores; with one column, class 1 is the logit and class 0 its negative.
        labels: class numbers, one-hot, soft (the stronger class) or several classes (their sum).
        target: "labels", or apart from them: a class for all, a tensor as labels are, None for the predicted class.
        ignore_index: a class number that means "no label"; so does any below 0.

    Raises:
        ValueError: for a class that does not exist, and labels without a class in a row.

    Lesson 5.
    """
    if isinstance(target, str) and target != LABELS:
        raise ValueError(f"target = {target!r} is unknown: leave it out, or give a class number, a tensor or None")
    wanted = labels if isinstance(target, str) else target
    if wanted is None and logits.shape[1] == 1:
        wanted = (logits[:, 0] > 0).long()  # a sigmoid above one half
    elif wanted is None:
        wanted = logits.argmax(1)
    if not isinstance(wanted, Tensor):
        wanted = torch.as_tensor(wanted)
    wanted = wanted.detach().to(logits.device)
    if wanted.ndim == 0:
        wanted = wanted.expand(len(logits))  # () -> (b,)
    if len(wanted) != len(logits):
        raise ValueError(f"{len(wanted)} labels for {len(logits)} logits: both must be of the same batch")
    if logits.shape[1] == 1:
        return _of_one_logit(logits, _one_column(wanted), ignore_index)
    if wanted.shape == logits.shape:
        return _of_shares(wanted)
    return _of_classes(logits, class_indices(wanted, logits), ignore_index)


def _of_one_logit(logits: Float[Tensor, "b 1"], labels: Shaped[Tensor, " b"], ignore_index: int) -> Target:
    known = (labels != ignore_index) & (labels >= 0)
    wrong = known & (labels > 1)
    if wrong.any():
        raise ValueError(f"label {labels[wrong][0].item():g} with one logit: labels are 0 or 1, or shares between")
    return Target(choice_of((labels > 0.5).long(), logits), known)


def _of_shares(shares: Shaped[Tensor, "b c"]) -> Target:
    # Of soft labels the strongest class, of several classes all: each has the highest share.
    highest = shares.amax(1, keepdim=True)
    return Target(((shares == highest) & (shares > 0)).float(), highest[:, 0] > 0)


def _of_classes(logits: Float[Tensor, "b c"], classes: Int[Tensor, " b"], ignore_index: int) -> Target:
    known = (classes != ignore_index) & (classes >= 0)
    wrong = classes[known & (classes >= logits.shape[1])]
    if len(wrong):
        raise ValueError(
            f"label {wrong.max()} is no class: the logits have {logits.shape[1]} columns, 0 to {logits.shape[1] - 1}"
        )
    return Target(choice_of(torch.where(known, classes, 0), logits) * known[:, None], known)


def ignored_by(class_loss: Callable | None) -> int:
    """The `ignore_index` of a loss that has one; torch's default otherwise. Lesson 5."""
    return int(getattr(class_loss, "ignore_index", IGNORED))
