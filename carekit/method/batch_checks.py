"""Check that logits, features, labels and masks come from one batch; raise a ValueError that names what differs."""

import torch
from torch import Tensor, nn

from carekit.method.box_input import read_masks
from carekit.method.shapes import fits


def check_batch(
    logits: Tensor, features: Tensor, labels: Tensor, m_in: Tensor, has_box: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return a batch's masks, and which images get a map, after checks that all is of one batch.

    Args:
        logits: scores (b, c).
        features: feature maps (b, k, u, v).
        labels: class numbers (b,), of any whole type; below 0 is "no label".
        m_in: masks (b, h, w) or (b, 1, h, w) in [0, 1].
        has_box: which images have a box; None for those whose mask holds anything.

    Returns:
        The masks as (b, h, w), and which images have both a mask that holds anything and a label.

    Raises:
        ValueError: for what does not belong together.

    Lesson 5.
    """
    if logits.ndim != 2:
        raise ValueError(f"logits have the shape {tuple(logits.shape)}: give (b, c), a score for each class")
    masks, filled = read_masks(m_in)
    if has_box is None:
        has_box = filled
    has_box = torch.as_tensor(has_box).bool().cpu()
    _check_counts({"logits": logits, "features": features, "labels": labels, "masks": masks, "has_box": has_box})
    _check_labels(labels, logits)
    check_features(features, (masks.shape[1], masks.shape[2]))
    return masks, has_box & filled & (labels >= 0).cpu()


def _check_counts(batch: dict[str, Tensor]) -> None:
    expected = len(batch["logits"])
    for name, tensor in batch.items():
        if len(tensor) != expected:
            raise ValueError(
                f"{expected} logits and {len(tensor)} {name}: give all of the same batch (where the network runs a "
                "batch in parts, use care = Care(...).watch(model), which joins them)"
            )


def _check_labels(labels: Tensor, logits: Tensor) -> None:
    if labels.ndim != 1 or labels.is_floating_point() or labels.dtype == torch.bool:
        raise ValueError(
            f"labels have the shape {tuple(labels.shape)} and the type {labels.dtype}: give class numbers (b,), or use "
            "care = Care(...).watch(model), which reads one-hot, soft and several labels"
        )
    wrong = labels[labels >= max(2, logits.shape[1])]  # one logit is that of class 1
    if len(wrong):
        raise ValueError(f"label {wrong.max()} is no class: the logits have {logits.shape[1]} columns, numbered from 0")


def check_features(features: Tensor, image: tuple[int, int]) -> None:
    """Raise ValueError for features that are no maps (b, k, u, v) of images of this (height, width). Lesson 2."""
    shape = " x ".join(map(str, features.shape))
    if features.ndim != 4:
        kind = "tokens (b, t, k)" if features.ndim == 3 else "no maps"
        raise ValueError(
            f"features of {shape} are {kind}, not (b, k, u, v): use care = Care(...).watch(model), which turns tokens "
            "into maps, or reshape them inside the network"
        )
    size = (features.shape[2], features.shape[3])
    if size == (1, 1):
        raise ValueError(f"features of {shape} have one cell an image, which shows no place: take a layer before it")
    if not fits(size, image, larger=True):
        raise ValueError(
            f"features of {shape} do not have the proportions of {image[0]} x {image[1]} masks: give (b, k, u, v); of "
            "channels at the end, features.permute(0, 3, 1, 2) inside the network, or use Care(...).watch(model)"
        )


def check_head(head: nn.Linear, features: Tensor, logits: Tensor) -> None:
    """Raise ValueError where pooling and this linear layer do not give the logits: then its weights are not σ.

    Lesson 2, Eq. 1.
    """
    if head.in_features != features.shape[1] or head.out_features != logits.shape[1]:
        raise ValueError(
            f"the head takes {head.in_features} numbers and gives {head.out_features}, but there are "
            f"{features.shape[1]} feature maps and {logits.shape[1]} logits: leave classifier out"
        )
    with torch.no_grad():
        pooled = features.float().mean((2, 3))  # (b, k, u, v) -> (b, k)
        again = nn.functional.linear(pooled, head.weight.float(), None if head.bias is None else head.bias.float())
        gap = (again - logits.float()).abs().max()
        # Numbers that are not finite say nothing about the head; training reports them.
        alike = bool(gap <= 0.05 * logits.float().abs().max() + 1e-6) or not bool(gap.isfinite())
    if not alike:
        raise ValueError(
            f"pooling and the head give logits that differ by up to {gap.item():.2g}, so something stands between "
            "(a normalisation, dropout): leave classifier out, which costs little"
        )
