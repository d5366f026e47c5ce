"""Loss functions against imbalance: weights by class (cost-sensitive learning) and the focal loss."""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional


def class_weights(counts) -> Float[Tensor, " c"]:
    """n / (c · n_c) for each class: a balanced data set has weights of 1. Raises ValueError for an empty class."""
    counts = np.asarray(counts, dtype=np.float64)
    if (counts < 1).any():
        raise ValueError(f"class {int(np.argmin(counts))} has no training sample: remove the class or add images of it")
    return torch.tensor(counts.sum() / (len(counts) * counts), dtype=torch.float32)


class FocalLoss(nn.Module):
    """Mean of -(1 - p)^γ log p with p the true class's probability (Lin et al. 2017); γ = 0 is the cross-entropy."""

    def __init__(self, gamma: float = 2.0):
        super().__init__()
        if gamma < 0:
            raise ValueError(f"gamma = {gamma} is out of range: choose gamma >= 0 (2 is usual)")
        self.gamma = gamma

    def forward(self, logits: Float[Tensor, "b c"], labels: Int[Tensor, " b"]) -> Float[Tensor, ""]:
        log_p = -functional.cross_entropy(logits, labels, reduction="none")  # (b,)
        return (-((1 - log_p.exp()) ** self.gamma) * log_p).mean()


def classification_loss(name: str, counts) -> nn.Module:
    """L_c by name: "plain", "weighted" (cost-sensitive, CSL) or "focal" (FL)."""
    if name == "weighted":
        return nn.CrossEntropyLoss(weight=class_weights(counts))
    if name == "focal":
        return FocalLoss()
    if name == "plain":
        return nn.CrossEntropyLoss()
    raise ValueError(f"the classification loss {name!r} is unknown: choose plain, weighted or focal")
