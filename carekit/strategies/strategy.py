"""What every treatment of class imbalance is: hooks into training, each of which does nothing by default."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor, nn

from carekit.data.batches import Batch, BoxedImages
from carekit.networks import Backbone


class ClassLoss(nn.Module):
    """L_c that changes over the epochs, or looks at more than logits and labels; any other torch loss will do else."""

    def start_epoch(self, epoch: int, epochs: int) -> None:
        """What changes before epoch number `epoch` of `epochs`; the first is 0."""

    def of_pass(self, model: Backbone, features: Float[Tensor, "b k u v"]) -> Callable[[Tensor, Tensor], Tensor]:
        """The loss of logits and labels, for one forward pass with these feature maps."""
        return self


@dataclass(frozen=True)
class Strategy:
    """Plain training. A strategy overrides the hooks that it needs.

    Its fields are its parameters: numbers, texts, or dataclasses of these, as they name the run on disk.
    """

    @property
    def needs_images(self) -> bool:
        """Whether it changes the images of a batch, so that kept features of frozen layers won't do in their place."""
        return type(self).batch is not Strategy.batch

    def class_loss(self, counts: Sequence[int]) -> nn.Module:
        """L_c, of logits (b, c) and labels (b,), for a training set with `counts` images of each class."""
        return nn.CrossEntropyLoss()

    def sampler(self, labels: Int[np.ndarray, " n"]) -> Iterable[int] | None:
        """In which order, and how often, training images are drawn; None shuffles them, each once an epoch."""
        return None

    def batch(self, batch: Batch) -> Batch:
        """What the network sees of a batch, after augmentation."""
        return batch

    def prepare(self, model: Backbone) -> None:
        """Change the model before the first step: freeze a part, or start one anew.

        What is frozen here is free again at the end. Where all weights of a part are frozen, its normalisations keep
        their statistics too.
        """

    def end_epoch(self, model: Backbone, train: BoxedImages) -> None:
        """Change the model after each epoch, before it is judged."""

    def finish(self, model: Backbone, train: BoxedImages) -> None:
        """Change the model after the last epoch. The figures in the history are of the model before that."""
