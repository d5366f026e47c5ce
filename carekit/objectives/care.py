"""The CARE objective (paper, Eqs. 4 and 5)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor, nn
from torch.nn import functional

from carekit.attention import inner_loss, outer_loss, reduce_mask
from carekit.boxes import OUTER, outer_mask
from carekit.cam import GRADIENTS, MAPS, class_activation_map
from carekit.names import one_of
from carekit.objectives.objective import Loss, Objective, Step
from carekit.paper import DEFAULTS

RESOLUTIONS = ("image", "feature")
AVERAGES = ("boxed", "batch", "sum")


class CareLoss(NamedTuple):
    """One step's loss and its parts: scalars; `inner` and `outer` are means over the boxed images, NaN where none."""

    total: Tensor
    classification: Tensor
    attention: Tensor
    inner: Tensor
    outer: Tensor
    boxed: int


@dataclass(frozen=True)
class Care(Objective):
    """The CARE objective L = (1 - α) L_c + α L_a with L_a = L_in + λ L_out (Eqs. 4 and 5).

    Args:
        alpha: weight of the attention loss, in [0, 1). 0 is the plain classifier and computes no map.
        tau: mean activation inside the box beyond which more earns nothing, in (0, 1].
        lam: λ, weight of the outer loss, at least 0.
        method, gradient_of, second_order: how the map is made, see `carekit.cam.class_activation_map`.
        resolution: "image" compares at the image's size, as printed; "feature" averages the mask down to the map's.
        outer: M_out "binary" or by "distance" to the box.
        average: L_a is the mean over the "boxed" images of the batch, the mean over the whole "batch", or the "sum".

    Raises:
        ValueError: for a value out of range or an unknown name.
    """

    alpha: float = DEFAULTS.alpha
    tau: float = DEFAULTS.tau
    lam: float = DEFAULTS.lam
    method: str = "grad_cam"
    gradient_of: str = "score"
    second_order: bool = False
    resolution: str = "image"
    outer: str = "binary"
    average: str = "boxed"

    def __post_init__(self) -> None:
        if not 0 <= self.alpha < 1:
            raise ValueError(f"alpha = {self.alpha} is out of range: choose 0 <= alpha < 1 (the paper has 0.5)")
        if not 0 < self.tau <= 1:
            raise ValueError(f"tau = {self.tau} is out of range: choose 0 < tau <= 1 (the paper has 0.7)")
        if not 0 <= self.lam < float("inf"):
            raise ValueError(f"lam = {self.lam} is out of range: choose lam >= 0 (the paper has 1 for skin)")
        MAPS.named(self.method)
        one_of("gradient_of", self.gradient_of, GRADIENTS)
        one_of("resolution", self.resolution, RESOLUTIONS)
        one_of("outer", self.outer, OUTER)
        one_of("average", self.average, AVERAGES)

    @property
    def needs_boxes(self) -> bool:
        return self.alpha > 0

    def control(self) -> "Care":
        """The same second stage without attention, α = 0."""
        return replace(self, alpha=0.0)

    def loss_of(self, step: Step) -> Loss:
        loss = self(
            step.logits,
            step.features,
            step.labels,
            step.m_in,
            step.has_box,
            classifier=step.model.linear_head,
            classification=step.classification,
        )
        return Loss(loss.total, loss.classification, {"L_in": loss.inner, "L_out": loss.outer}, loss.boxed)

    def __call__(
        self,
        logits: Float[Tensor, "b c"],
        features: Float[Tensor, "b k u v"],
        labels: Int[Tensor, " b"],
        m_in: UInt8[Tensor, "b h w"],
        has_box: Bool[Tensor, " b"],
        *,
        classifier: nn.Linear | None = None,
        classification: Callable[[Tensor, Tensor], Tensor] = functional.cross_entropy,
    ) -> CareLoss:
        """The loss of a batch; only images with a box get a map. Without any, L_a is 0.

        Args:
            logits, features: scores and feature maps of one forward pass.
            labels: the true classes.
            m_in: 1 inside the boxes, 0 elsewhere.
            has_box: which images have one. Keep it on the CPU to spare a GPU a synchronisation in each step.
            classifier: see `carekit.cam.class_activation_map`.
            classification: L_c of logits and labels (weighted by class, focal, ...).
        """
        l_c = classification(logits, labels)
        rows = has_box.nonzero()[:, 0]
        if self.alpha == 0 or len(rows) == 0:
            zero = l_c.new_zeros(())
            nothing = l_c.new_full((), float("nan"))
            return CareLoss((1 - self.alpha) * l_c, l_c, zero, nothing, nothing, 0)
        maps = class_activation_map(
            logits,
            features,
            labels,
            rows=rows.to(features.device),
            classifier=classifier,
            method=self.method,
            gradient_of=self.gradient_of,
            second_order=self.second_order,
        )
        inside, outside = self.parts(maps, m_in[rows.to(m_in.device)])
        each = inside + self.lam * outside  # (n,)
        divisor = {"boxed": len(rows), "batch": len(labels), "sum": 1}[self.average]
        l_a = each.sum() / divisor
        total = (1 - self.alpha) * l_c + self.alpha * l_a
        return CareLoss(total, l_c, l_a, inside.detach().mean(), outside.detach().mean(), len(rows))

    def parts(
        self, maps: Float[Tensor, "n u v"], m_in: UInt8[Tensor, "n h w"]
    ) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
        """L_in and L_out of normalised maps against the masks of their boxes."""
        size = (maps.shape[1], maps.shape[2])
        shrink = reduce_mask if self.resolution == "image" else functional.adaptive_avg_pool2d
        inside = shrink(m_in.to(maps.device, torch.float32), size)
        outside = shrink(outer_mask(m_in, self.outer).to(maps.device), size)
        return inner_loss(maps, inside, self.tau), outer_loss(maps, outside)
