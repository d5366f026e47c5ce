"""The methods that find boxes, by name, each built from the options of a command.

Each imports its libraries only when it is chosen.
"""

from collections.abc import Callable
from typing import NamedTuple

from carekit.ground.registry import Registry
from carekit.material.autobox.components import FIXED, Cut
from carekit.material.autobox.finder import Finder


class Options(NamedTuple):
    """The options of the methods; None leaves a method's own default.

    checkpoint: a file of weights. threshold: of a map, a number in (0, 1) or "otsu". smallest: a component with less
    than this share of the largest one's area is dropped. gaussian: DSR's step towards the object.
    """

    checkpoint: str | None = None
    threshold: float | str | None = None
    smallest: float = 0.1
    gaussian: bool = True

    def cut(self, threshold: float | str = FIXED) -> Cut:
        """How a map becomes a box, with the method's own threshold where none was chosen."""
        chosen = threshold if self.threshold is None else self.threshold
        return Cut(chosen, self.smallest)

    def weights(self, what: str) -> str:
        """The checkpoint. Raises ValueError, naming `what` is needed, without one."""
        if self.checkpoint is None:
            raise ValueError(f"this method needs --checkpoint, {what}")
        return self.checkpoint


DEFAULTS = Options()


def build_dsr(options: Options) -> Finder:
    """Saliency by dense and sparse reconstruction."""
    from carekit.material.autobox.saliency import Dsr

    return Dsr(options.cut(), options.gaussian)


def build_bms(options: Options) -> Finder:
    """Saliency by boolean maps."""
    from carekit.material.autobox.saliency import Bms

    return Bms(options.cut("otsu"))


def build_segmented(options: Options) -> Finder:
    """DeepLabV3."""
    from carekit.material.autobox.segmented import Segmented

    weights = options.weights("the segmentation that `python -m carekit segment train` made")
    return Segmented(weights, options.smallest)


def build_cam(options: Options) -> Finder:
    """A classifier's own map."""
    from carekit.material.autobox.from_cam import FromCam

    return FromCam(options.weights("a classifier pretrained on this data set"), options.cut())


def build_promptable(options: Options) -> Finder:
    """A segmenter that takes DSR's box as its prompt."""
    from carekit.material.autobox.promptable import Promptable

    return Promptable(options.weights("the segmenter's weights"), options.cut(), options.smallest)


FINDERS: Registry[Callable[[Options], Finder]] = Registry(
    "method",
    key="method of boxes",
    entries={
        "dsr": build_dsr,
        "bms": build_bms,
        "deeplab": build_segmented,
        "cam": build_cam,
        "promptable": build_promptable,
    },
)


def finder(name: str, options: Options = DEFAULTS) -> Finder:
    """The method of this name.

    Raises:
        ValueError: for an unknown name, an option out of range, or a checkpoint that is needed and not given.
    """
    return FINDERS.named(name)(options)
