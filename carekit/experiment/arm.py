"""One way to fine-tune: what is minimised, on whose boxes, and how imbalance is treated."""

from dataclasses import dataclass, field, replace

from carekit.data.batches import BoxedImages, boxed_rows
from carekit.data.kept import KeptFeatures
from carekit.data.prepared import Prepared
from carekit.experiment.box_sources import BoxSource, Truth
from carekit.experiment.profiles import Profile
from carekit.objectives import Care, Objective
from carekit.strategies import Strategy


@dataclass(frozen=True)
class Arm:
    """One way to fine-tune.

    Args:
        objective: what is minimised.
        boxes: where the boxes come from that the training images show; what is judged is measured against the truth.
        classes: which classes show boxes; None: the rare ones.
        strategy: how class imbalance is treated in the second stage.
        stages: 2 begins where pretraining ended; 1 begins anew and trains for the epochs of both stages, as the first
            stage is trained, but with this arm's objective, boxes and strategy from the first epoch on.

    Raises:
        ValueError: for another number of stages.
    """

    objective: Objective = field(default_factory=Care)
    boxes: BoxSource = field(default_factory=Truth)
    classes: tuple[str, ...] | None = None
    strategy: Strategy = field(default_factory=Strategy)
    stages: int = 2

    def __post_init__(self) -> None:
        if self.stages not in (1, 2):
            raise ValueError(f"stages = {self.stages} is out of range: choose 1 or 2")

    def control(self) -> "Arm":
        """The same second stage without what the objective adds."""
        return replace(self, objective=self.objective.control())

    def images(self, train: Prepared, profile: Profile, kept: KeptFeatures | None = None) -> BoxedImages:
        """The training images of the second stage, or their kept features, with the boxes that this arm shows."""
        return BoxedImages(train, self.boxes(train, boxed_rows(train, self.classes)), profile.augment, kept)

    @property
    def sees_images(self) -> bool:
        """Whether its objective or its strategy takes the images themselves, not only a network's answer to them."""
        return self.objective.needs_images or self.strategy.needs_images
