"""What every treatment of class imbalance is: hooks into training, each of which does nothing by default."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from torch import nn
from torch.utils.data import Sampler

from carekit.backbones import Backbone
from carekit.data.batches import Batch


@dataclass(frozen=True)
class Strategy:
    """Plain training. A strategy overrides the hooks that it needs; its fields are its parameters."""

    def class_loss(self, counts: Sequence[int]) -> nn.Module:
        """L_c, of logits (b, c) and labels (b,), for a training set with `counts` images of each class."""
        return nn.CrossEntropyLoss()

    def sampler(self, labels: Int[np.ndarray, " n"]) -> Sampler | None:
        """In which order, and how often, training images are drawn; None shuffles them, each once an epoch."""
        return None

    def batch(self, batch: Batch) -> Batch:
        """What the network sees of a batch, after augmentation."""
        return batch

    def prepare(self, model: Backbone) -> None:
        """Change the model before the first step: freeze a part, or start one anew."""
