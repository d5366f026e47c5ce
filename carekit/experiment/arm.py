"""One way to fine-tune: what is minimised, on whose boxes, and how imbalance is treated."""

from dataclasses import dataclass, field, replace

from carekit.data.batches import BoxedImages, boxed_rows
from carekit.data.cached import images_only
from carekit.data.prepared import Prepared
from carekit.experiment.box_sources import BoxSource, Truth
from carekit.experiment.profiles import Profile
from carekit.objectives import Care, Objective
from carekit.strategies import Strategy
from carekit.training import Schedule


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

    def schedule(self, profile: Profile) -> Schedule:
        """How long and how fast it trains: as the second stage, or as the first for the epochs of both."""
        if self.stages == 2:
            return profile.finetune
        return replace(profile.pretrain, epochs=profile.pretrain.epochs + profile.finetune.epochs)

    def images(self, train: Prepared, profile: Profile) -> BoxedImages:
        """The training images with the boxes that this arm shows; without cached features where it needs the images."""
        if self.objective.needs_images or self.strategy.needs_images:
            train = images_only(train)
        return BoxedImages(train, self.boxes(train, boxed_rows(train, self.classes)), profile.augment)
