"""What every objective is: a function of one training step, with a fair control of its own."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from carekit.networks import Backbone


@dataclass(frozen=True)
class Step:
    """One forward pass in training: all that an objective may look at.

    images are in [0, 1], or cached features in their place; logits and features come from them; m_in is 1 inside an
    image's boxes and zeros where has_box is False; classification is the loss L_c of logits and labels.

    Lesson 5.
    """

    model: Backbone
    images: Float[Tensor, "b 3 h w"] | Float[Tensor, "b l s t"]
    labels: Int[Tensor, " b"]
    m_in: UInt8[Tensor, "b h w"]
    has_box: Bool[Tensor, " b"]
    logits: Float[Tensor, "b c"]
    features: Float[Tensor, "b k u v"]
    classification: Callable[[Tensor, Tensor], Tensor]


class Loss(NamedTuple):
    """What a step costs.

    total: the scalar to minimise. classification: L_c. parts: what else is worth a curve, each a mean over the `boxed`
    images without a graph, NaN without any. attention: CARE's L_a with its graph, 0 without a box.

    Lesson 5.
    """

    total: Tensor
    classification: Tensor
    parts: dict[str, Tensor]
    boxed: int
    attention: Tensor | None = None

    @property
    def inner(self) -> Tensor:
        """CARE's L_in, the mean over the boxed images."""
        return self.parts["L_in"]

    @property
    def outer(self) -> Tensor:
        """CARE's L_out, the mean over the boxed images."""
        return self.parts["L_out"]


class Objective(ABC):
    """A frozen dataclass whose fields are its parameters, and three answers about it. Lesson 5."""

    @property
    @abstractmethod
    def needs_boxes(self) -> bool:
        """Whether it can do nothing on a training set without any box."""

    @property
    def needs_images(self) -> bool:
        """Whether it looks at the images: cached features won't do. They then carry a gradient before the pass."""
        return False

    def at(self, epoch: int, epochs: int) -> "Objective":
        """What is minimised in epoch number `epoch` of `epochs`; the first is 0."""
        return self

    @abstractmethod
    def control(self) -> "Objective":
        """The same training without what this objective adds: what a gain must be measured against."""

    @abstractmethod
    def loss_of(self, step: Step) -> Loss:
        """The loss of one step."""

    def parameters(self) -> dict[str, Any]:
        """Its parameters by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]


def check_weight(weight: float) -> None:
    """Raises ValueError for a weight that is negative or infinite. Lesson 7."""
    if not 0 <= weight < float("inf"):
        raise ValueError(f"weight = {weight} is out of range: choose weight >= 0")


def must_move_something(step: Step, second_order: bool) -> None:
    """Raises ValueError where a loss of the maps can move no weight: the trunk is frozen, and σ a constant.

    Lesson 5.
    """
    if not second_order and not any(weight.requires_grad for weight in step.model.trunk.parameters()):
        raise ValueError(
            "the trunk is frozen, so the attention loss moves no weight: choose second_order=True, with which it moves "
            "the classifier, or a strategy that trains the trunk"
        )
