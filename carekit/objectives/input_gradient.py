"""Right for the right reasons: no gradient at the pixels outside the lesion (Ross, Hughes and Doshi-Velez 2017)."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from carekit.objectives.objective import Loss, Objective, Step, check_weight


@dataclass(frozen=True)
class InputGradient(Objective):
    """L = L_c + w · mean over the boxed images of Σ_ij M_out,ij (∂ Σ_c log p_c / ∂x_ij)², summed over the colours.

    It needs the images, which an objective of feature maps never sees, and a second backward pass through the whole
    network: a step costs two to three plain ones.

    Args:
        weight: w, at least 0; 0 is the plain classifier.

    Raises:
        ValueError: for a weight out of range.

    Lesson 7.
    """

    weight: float = 1.0

    def __post_init__(self) -> None:
        check_weight(self.weight)

    @property
    def needs_boxes(self) -> bool:
        return self.weight > 0

    @property
    def needs_images(self) -> bool:
        return self.weight > 0

    def control(self) -> "InputGradient":
        """The same training with w = 0."""
        return replace(self, weight=0.0)

    def loss_of(self, step: Step) -> Loss:
        l_c = step.classification(step.logits, step.labels)
        rows = step.has_box.nonzero()[:, 0]
        if self.weight == 0 or len(rows) == 0:
            return Loss(l_c, l_c, {"L_right": l_c.new_full((), float("nan"))}, 0)
        m_out = 1.0 - step.m_in[rows].to(step.images.device, torch.float32)
        outside = gradient_outside(step.logits, step.images, rows.to(step.images.device), m_out).mean()
        return Loss(l_c + self.weight * outside, l_c, {"L_right": outside.detach()}, len(rows))


def gradient_outside(
    logits: Float[Tensor, "b c"], images: Float[Tensor, "b 3 h w"], rows: Tensor, m_out: Float[Tensor, "n h w"]
) -> Float[Tensor, " n"]:
    """Σ_ij M_out,ij (∂ Σ_c log p_c / ∂x_ij)² of the images at `rows`, with a graph for a second backward pass.

    Lesson 7.
    """
    log_p = logits[rows].log_softmax(1)  # (n, c)
    (gradient,) = torch.autograd.grad(log_p.sum(), images, create_graph=True)
    squares = gradient[rows].square().sum(1)  # (n, 3, h, w) -> (n, h, w)
    return (squares * m_out).sum((1, 2))
