"""One row of a table of the paper, as what it is trained with."""

from dataclasses import dataclass, replace

from carekit.data.box_source import BoxSource
from carekit.experiment import Arm
from carekit.experiment.box_sources import Random, Scaled, Shuffled, Truth
from carekit.ground.messages import one_of
from carekit.material.autobox.methods import DEFAULTS as NO_OPTIONS
from carekit.material.autobox.methods import Options
from carekit.objectives import Care
from carekit.paper import CHEST_DEFAULTS, DEFAULTS
from carekit.research.setting import found_boxes
from carekit.research.studies.condition import Condition
from carekit.strategies import STRATEGIES

TRUE, SHUFFLED, RANDOM, DSR, DEEPLAB = "true", "shuffled", "random", "DSR", "DeepLabV3"
BOXES = (TRUE, SHUFFLED, RANDOM, DSR, DEEPLAB)
SWEPT = ("alpha", "tau", "lam", "box_scale")


@dataclass(frozen=True)
class ArmSpec:
    """How a row is trained in the second stage; what is None is the paper's value for the data set.

    Args:
        care: with attention; False is the same second stage with α = 0.
        strategy: a name of `carekit.strategies.STRATEGIES`.
        alpha, tau, lam, box_scale: see `carekit.objectives.Care` and `carekit.experiment.box_sources.Scaled`.
        boxes: which boxes it is trained with, one of `BOXES`.
        classes: which classes show boxes; None: the rarest.
        backbone: a name of `carekit.networks.BACKBONES`; None: the profile's.

    Raises:
        ValueError: for an unknown kind of boxes or an unknown strategy.
    """

    care: bool = False
    strategy: str = "plain"
    alpha: float | None = None
    tau: float | None = None
    lam: float | None = None
    box_scale: float | None = None
    boxes: str = TRUE
    classes: tuple[str, ...] | None = None
    backbone: str | None = None

    def __post_init__(self) -> None:
        one_of("boxes", self.boxes, BOXES)
        STRATEGIES.named(self.strategy)

    def arm(self, here: Condition) -> Arm:
        """The arm of an experiment under this condition."""
        paper = CHEST_DEFAULTS if here.kind == "chest" else DEFAULTS
        values = {name: getattr(paper, name) for name in ("alpha", "tau", "lam")}
        values |= {name: getattr(self, name) for name in values if getattr(self, name) is not None}
        care, strategy = Care(**values), STRATEGIES[self.strategy]
        # The control shows no boxes, so it is one run, trained once, whatever boxes its row names.
        if not self.care or care.alpha == 0:
            return Arm(care.control(), strategy=strategy)
        return Arm(care, self._source(here), self.classes, strategy)

    def controls(self) -> dict[str, "ArmSpec"]:
        """The same row with boxes that are wrong on purpose; none for a row at other than the paper's values."""
        # In a sweep the swept value is the question, not the boxes: wrong ones are compared at the paper's values only.
        usual = all(getattr(self, name) in (None, getattr(DEFAULTS, name)) for name in SWEPT)
        if not self.care or self.boxes != TRUE or not usual:
            return {}
        return {f"{kind} boxes": replace(self, boxes=kind) for kind in (SHUFFLED, RANDOM)}

    def _source(self, here: Condition) -> BoxSource:
        if self.boxes == DSR:
            return found_boxes.find_boxes(here.lesson, "dsr", NO_OPTIONS, self.classes)
        if self.boxes == DEEPLAB:
            return found_boxes.find_boxes(here.lesson, "deeplab", Options(here.segmenter()), self.classes)
        if self.boxes == TRUE and self.box_scale not in (None, 1):
            return Scaled(self.box_scale)
        return {TRUE: Truth, SHUFFLED: Shuffled, RANDOM: Random}[self.boxes]()
