"""Features first, the classifier afterwards: Decoupling, as CARE's paper and as Kang et al. (2020) do it.

Pretraining is the first of the two steps; these are ways to do the second.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.utils.data import Sampler

from carekit.data.batches import BoxedImages
from carekit.method.seeding import seeded
from carekit.networks import Backbone
from carekit.networks.vit import Attention
from carekit.strategies.heads import freeze_all_but, last_linear
from carekit.strategies.sampling import balanced
from carekit.strategies.strategy import Strategy


@dataclass(frozen=True)
class Decoupling(Strategy):
    """Early layers stay; the trunk's last block and the head are trained, classes equally likely (section 4.2.1)."""

    def sampler(self, labels: Int[np.ndarray, " n"]) -> Sampler[int]:
        return balanced(labels)

    def prepare(self, model: Backbone) -> None:
        freeze_all_but(model, *last_block(model.trunk), model.head)


def last_block(trunk: nn.Module) -> list[nn.Module]:
    """The trunk's last part with a convolution or an attention, and what follows it, such as its normalisation."""
    parts = list(trunk.children())
    while len(parts) == 1 and list(parts[0].children()):
        parts = list(parts[0].children())
    kinds = (nn.Conv2d, nn.MultiheadAttention, Attention)
    # From the end: all that follows the last convolution or attention goes with it.
    for place in reversed(range(len(parts))):
        if any(isinstance(module, kinds) for module in parts[place].modules()):
            return parts[place:]
    return [trunk]


@dataclass(frozen=True)
class ClassifierRetraining(Strategy):
    """cRT: the last linear layer is started anew and trained alone, with equally likely classes.

    The features stay, so an attention loss has nothing to move but the classifier: take `Care(second_order=True)`.

    Args:
        seed: of the fresh layer.
    """

    seed: int = 0

    def sampler(self, labels: Int[np.ndarray, " n"]) -> Sampler[int]:
        return balanced(labels)

    def prepare(self, model: Backbone) -> None:
        layer = last_linear(model)
        with seeded(self.seed):
            layer.reset_parameters()
        freeze_all_but(model, layer)


@dataclass(frozen=True)
class TauNormalisation(Strategy):
    """τ-norm: plain training, at whose end each class's weights become w / ‖w‖^tau, and the biases 0.

    Args:
        tau: in [0, 1]; 1 makes all classes' weights equally long.

    Raises:
        ValueError: for tau out of range.
    """

    tau: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.tau <= 1:
            raise ValueError(f"tau = {self.tau} is out of range: choose 0 <= tau <= 1")

    def finish(self, model: Backbone, train: BoxedImages) -> None:
        layer = last_linear(model)
        with torch.no_grad():
            layer.weight /= layer.weight.norm(dim=1, keepdim=True) ** self.tau
            layer.bias.zero_()


@dataclass(frozen=True)
class LearnableScaling(Strategy):
    """LWS: of the whole network only one factor a class is trained, of its weights, with equally likely classes.

    A factor changes no normalised map, so an attention loss has nothing to add, in second order neither.
    """

    def sampler(self, labels: Int[np.ndarray, " n"]) -> Sampler[int]:
        return balanced(labels)

    def prepare(self, model: Backbone) -> None:
        layer = last_linear(model)
        scaling = RowScale(model.n_classes).to(layer.weight)
        parametrize.register_parametrization(layer, "weight", scaling)
        freeze_all_but(model, scaling)

    def finish(self, model: Backbone, train: BoxedImages) -> None:
        layer = last_linear(model)
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
        # The bias behind the weight again, where an optimizer and a checkpoint count on it.
        layer.register_parameter("bias", layer._parameters.pop("bias"))


class RowScale(nn.Module):
    """Each row of a matrix times a factor of its own, 1 at first."""

    def __init__(self, rows: int):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(rows, 1))

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.factor
