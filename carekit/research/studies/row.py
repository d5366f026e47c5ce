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
from carekit.research.studies.ground import Ground
from carekit.strategies import STRATEGIES

TRUE, SHUFFLED, RANDOM, DSR, DEEPLAB = "true", "shuffled", "random", "DSR", "DeepLabV3"
SWEPT = ("alpha", "tau", "lam", "box_scale")
BOXES = (TRUE, SHUFFLED, RANDOM, DSR, DEEPLAB)


@dataclass(frozen=True)
class Row:
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

    def arm(self, ground: Ground) -> Arm:
        """The arm of an experiment on this ground."""
        care = self._care(ground)
        boxes = self._source(ground) if care.alpha else Truth()  # the control shows no boxes: it is the same run
        return Arm(care, boxes, self.classes if care.alpha else None, STRATEGIES[self.strategy])

    def controls(self) -> dict[str, "Row"]:
        """The same row with boxes that are wrong on purpose; none for a row at other than the paper's values."""
        usual = all(getattr(self, name) in (None, getattr(DEFAULTS, name)) for name in SWEPT)
        if not self.care or self.boxes != TRUE or not usual:
            return {}
        return {f"{kind} boxes": replace(self, boxes=kind) for kind in (SHUFFLED, RANDOM)}

    def _care(self, ground: Ground) -> Care:
        paper = CHEST_DEFAULTS if ground.kind == "chest" else DEFAULTS
        usual = {name: getattr(paper, name) for name in ("alpha", "tau", "lam")}
        own = {name: getattr(self, name) for name in usual if getattr(self, name) is not None}
        care = Care(**usual | own)
        return care if self.care else care.control()

    def _source(self, ground: Ground) -> BoxSource:
        if self.boxes in (DSR, DEEPLAB):
            method, options = ("dsr", NO_OPTIONS) if self.boxes == DSR else ("deeplab", Options(ground.segmenter()))
            return found_boxes.find_boxes(ground.lesson, method, options, self.classes)
        if self.boxes == TRUE:
            return Truth() if self.box_scale in (None, 1) else Scaled(self.box_scale)
        return {SHUFFLED: Shuffled, RANDOM: Random}[self.boxes]()
