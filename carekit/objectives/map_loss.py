"""L = L_c + w · L_loc: what the losses of Rao et al. (2023) share, a map's positive part against the boxes."""

from abc import abstractmethod
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from carekit.ground.messages import one_of
from carekit.method.cam import GRADIENTS, MAPS, raw_activation_map
from carekit.objectives.objective import Loss, Objective, Step, check_weight, must_move_something


@dataclass(frozen=True)
class MapLoss(Objective):
    """L_c plus `weight` times the mean of L_loc over the boxed images.

    Args:
        weight: w, at least 0; 0 is the plain classifier and computes no map.
        method, gradient_of, second_order: how the map is made, see `carekit.method.cam.class_activation_map`.

    Raises:
        ValueError: for a weight out of range or an unknown name.

    Lesson 7.
    """

    weight: float = 1.0
    method: str = "grad_cam"
    gradient_of: str = "score"
    second_order: bool = False

    def __post_init__(self) -> None:
        check_weight(self.weight)
        MAPS.named(self.method)
        one_of("gradient_of", self.gradient_of, GRADIENTS)

    @property
    def needs_boxes(self) -> bool:
        return self.weight > 0

    def control(self) -> "MapLoss":
        """The same training with w = 0."""
        return replace(self, weight=0.0)

    def loss_of(self, step: Step) -> Loss:
        l_c = step.classification(step.logits, step.labels)
        rows = step.has_box.nonzero()[:, 0]
        if self.weight == 0 or len(rows) == 0:
            return Loss(l_c, l_c, {"L_loc": l_c.new_full((), float("nan"))}, 0)
        must_move_something(step, self.second_order)
        # Not normalised to 0 ... 1: the sign of the map matters here.
        maps = raw_activation_map(
            step.logits,
            step.features,
            step.labels,
            rows=rows.to(step.features.device),
            classifier=step.model.linear_head,
            method=self.method,
            gradient_of=self.gradient_of,
            second_order=self.second_order,
        )
        local = self.of_maps(maps.relu(), step.m_in[rows].to(maps.device)).mean()
        return Loss(l_c + self.weight * local, l_c, {"L_loc": local.detach()}, len(rows))

    @abstractmethod
    def of_maps(self, positive: Float[Tensor, "n u v"], m_in: UInt8[Tensor, "n h w"]) -> Float[Tensor, " n"]:
        """L_loc of each map's positive part against the mask of its boxes."""


def ratio(numerator: Float[Tensor, "n *m"], denominator: Float[Tensor, "n *#m"]) -> Float[Tensor, "n *m"]:
    """numerator / denominator; 0, with a finite gradient, where the denominator is 0. Lesson 7."""
    # Divide by 1 where the quotient is not used: a division by 0 would give a gradient of NaN, used or not.
    there = denominator > 0
    return torch.where(there, numerator / torch.where(there, denominator, 1.0), 0.0)
