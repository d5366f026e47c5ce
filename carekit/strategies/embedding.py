"""Images of one class near each other, of two classes apart: Siamese pairs and triplets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Sampler

from carekit.data.batches import BoxedImages
from carekit.ground.messages import one_of
from carekit.networks import Backbone
from carekit.strategies.heads import embedding, last_linear
from carekit.strategies.sampling import balanced
from carekit.strategies.strategy import ClassLoss, Strategy

CHUNK = 128  # images in one pass, when class centres are computed
NEVER = -1e9  # the score of a class without a centre: finite, as all that is stored must be


@dataclass(frozen=True)
class Embedding(Strategy):
    """L_c is a loss of the distances between the embeddings of a batch, what goes into the last linear layer.

    It classifies by the nearest centre: after each epoch the mean embedding μ_c of each class's training images is
    computed, and the last layer becomes y_c = 2 μ_c · e - ‖μ_c‖², which is ‖e‖² - ‖e - μ_c‖². So the network keeps its
    form, and the map of a class is as ever that of its score: where the image is like the class's mean. In the first
    epoch that layer is still the one it started with. Batches are drawn with equally likely classes.

    Args:
        pairs: "triplet", see `triplet_loss`, or "siamese", see `siamese_loss`.
        margin: how far apart two classes shall be, above 0.

    Raises:
        ValueError: for an unknown name or a margin out of range.
    """

    pairs: str = "triplet"
    margin: float = 1.0

    def __post_init__(self) -> None:
        one_of("pairs", self.pairs, LOSSES)
        if not 0 < self.margin < float("inf"):
            raise ValueError(f"margin = {self.margin} is out of range: choose margin > 0 (1 is usual)")

    def class_loss(self, counts: Sequence[int]) -> nn.Module:
        if sum(count > 0 for count in counts) < 2 or max(counts) < 2:
            raise ValueError("an embedding needs two classes, and two images of one: add images, or take another one")
        return EmbeddingLoss(LOSSES[self.pairs], self.margin)

    def sampler(self, labels: Int[np.ndarray, " n"]) -> Sampler[int]:
        return balanced(labels)

    def end_epoch(self, model: Backbone, train: BoxedImages) -> None:
        centres = class_centres(model, train)  # (c, d), NaN for a class without an image
        known = ~centres.isnan().any(1)
        layer = last_linear(model)
        with torch.no_grad():  # ‖e‖² is the same for all classes, so it is left out of the scores
            layer.weight[known] = 2 * centres[known]
            layer.bias[known] = -centres[known].square().sum(1)
            layer.bias[~known] = NEVER


class EmbeddingLoss(ClassLoss):
    """A loss of embeddings and labels in the place of one of logits and labels."""

    def __init__(self, distances_loss: Callable[[Tensor, Tensor, float], Tensor], margin: float):
        super().__init__()
        self.distances_loss = distances_loss
        self.margin = margin

    def of_pass(self, model: Backbone, features: Float[Tensor, "b k u v"]) -> Callable[[Tensor, Tensor], Tensor]:
        return partial(self, embeddings=embedding(model, features))

    def forward(
        self, logits: Float[Tensor, "b c"], labels: Int[Tensor, " b"], embeddings: Float[Tensor, "b d"]
    ) -> Float[Tensor, ""]:
        return self.distances_loss(embeddings, labels, self.margin)


def triplet_loss(embeddings: Float[Tensor, "b d"], labels: Int[Tensor, " b"], margin: float = 1.0) -> Float[Tensor, ""]:
    """Mean of max(0, ‖a - p‖ - ‖a - n‖ + margin) over the triplets where it is not 0 (Hermans et al. 2017, batch all).

    a and p are two images of a class, n is one of another. 0, with a gradient of 0, where there is no such triplet.
    """
    distances = pairwise(embeddings)
    same, other = _relations(labels)
    # Entry (a, p, n): how much further than the margin allows is the image p of the same class than n of another.
    losses = distances[:, :, None] - distances[:, None, :] + margin  # (b, b, 1) - (b, 1, b) -> (b, b, b)
    counted = same[:, :, None] & other[:, None, :] & (losses > 0)
    return torch.where(counted, losses, 0.0).sum() / counted.sum().clamp(min=1)


def siamese_loss(embeddings: Float[Tensor, "b d"], labels: Int[Tensor, " b"], margin: float = 1.0) -> Float[Tensor, ""]:
    """Over all pairs the mean of d² within a class and max(0, margin - d)² between two (Hadsell et al. 2006)."""
    distances = pairwise(embeddings)
    same, other = _relations(labels)
    losses = torch.where(same, distances.square(), (margin - distances).relu().square())
    pairs = same | other
    return torch.where(pairs, losses, 0.0).sum() / pairs.sum().clamp(min=1)


LOSSES = {"triplet": triplet_loss, "siamese": siamese_loss}


def pairwise(embeddings: Float[Tensor, "b d"]) -> Float[Tensor, "b b"]:
    """Distances ‖e_i - e_j‖, with a gradient of 0 where two embeddings are equal."""
    squares = (embeddings[:, None] - embeddings[None]).square().sum(2)  # (b, 1, d) - (1, b, d) -> (b, b)
    apart = squares > 0
    return torch.where(apart, torch.where(apart, squares, 1.0).sqrt(), 0.0)


def _relations(labels: Int[Tensor, " b"]) -> tuple[Bool[Tensor, "b b"], Bool[Tensor, "b b"]]:
    """Which pairs are two images of one class, and which are of two."""
    equal = labels[:, None] == labels[None]
    same = equal & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    return same, ~equal


def class_centres(model: Backbone, train: BoxedImages) -> Float[Tensor, "c d"]:
    """The mean embedding of each class's training images, in evaluation mode and not augmented; NaN without any."""
    device = next(model.parameters()).device
    rows = np.arange(len(train))
    with model.evaluating(), torch.no_grad():
        starts = range(0, len(rows), CHUNK)
        images = (train.data.tensor(rows[start : start + CHUNK]).to(device) for start in starts)
        embeddings = torch.cat([embedding(model, model.features(part)) for part in images])
    members = functional.one_hot(train.labels.to(device), model.n_classes).T.float()  # (c, n)
    return members @ embeddings / members.sum(1, keepdim=True)  # (c, n) (n, d) -> (c, d)
