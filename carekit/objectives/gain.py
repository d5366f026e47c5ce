"""What the map leaves out must not show the class: the attention mining loss of GAIN (Li et al. 2018)."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from carekit.method.cam import MAPS, class_activation_map, resize
from carekit.networks import Backbone
from carekit.objectives.objective import Loss, Objective, Step, check_weight, must_move_something


@dataclass(frozen=True)
class Gain(Objective):
    """L = L_c + w · mean over all images of the true class's probability once the attended part is made black.

    It needs no boxes: it makes the map spread over all that speaks for the class. The masked image is
    I - T I with T = 1 / (1 + exp(-ω (F - σ))) of the map F in [0, 1], enlarged. It needs the images and a second pass,
    in evaluation mode, so that masked images do not enter the statistics of the normalisations.

    Args:
        weight: w, at least 0; 0 is the plain classifier.
        omega, sigma: steepness and middle of the soft threshold T.
        method: a name of `carekit.method.cam.MAPS`.

    Raises:
        ValueError: for a value out of range or an unknown name.

    Lesson 7.
    """

    weight: float = 1.0
    omega: float = 10.0
    sigma: float = 0.5
    method: str = "grad_cam_relu"

    def __post_init__(self) -> None:
        check_weight(self.weight)
        if not 0 < self.omega < float("inf"):
            raise ValueError(f"omega = {self.omega} is out of range: choose omega > 0 (10 is usual)")
        if not 0 <= self.sigma <= 1:
            raise ValueError(f"sigma = {self.sigma} is out of range: choose 0 <= sigma <= 1 (0.5 is usual)")
        MAPS.named(self.method)

    @property
    def needs_boxes(self) -> bool:
        return False

    @property
    def needs_images(self) -> bool:
        return self.weight > 0

    def control(self) -> "Gain":
        """The same training with w = 0."""
        return replace(self, weight=0.0)

    def loss_of(self, step: Step) -> Loss:
        l_c = step.classification(step.logits, step.labels)
        if self.weight == 0:
            return Loss(l_c, l_c, {"L_am": l_c.new_full((), float("nan"))}, 0)
        must_move_something(step, second_order=False)
        maps = class_activation_map(
            step.logits, step.features, step.labels, classifier=step.model.linear_head, method=self.method
        )
        # A second pass, of the images without what the map attends to.
        left = probability_left(step.model, step.images, step.labels, self.attended(maps, step.images)).mean()
        return Loss(l_c + self.weight * left, l_c, {"L_am": left.detach()}, len(step.labels))

    def attended(self, maps: Float[Tensor, "b u v"], images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """T, which part of each pixel is taken away."""
        large = resize(maps, (images.shape[2], images.shape[3]))
        return torch.sigmoid(self.omega * (large - self.sigma))


def probability_left(
    model: Backbone, images: Float[Tensor, "b 3 h w"], labels: Int[Tensor, " b"], attended: Float[Tensor, "b h w"]
) -> Float[Tensor, " b"]:
    """The probability of each image's class after `attended` of each pixel is taken away. Lesson 7."""
    masked = images - attended[:, None] * images  # (b, h, w) -> (b, 1, h, w), for all three colours
    with model.evaluating():
        logits = model(masked).logits.float()
    return logits.softmax(1).gather(1, labels[:, None])[:, 0]
