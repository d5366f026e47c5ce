"""The methods that find boxes, by name, each made from the options of a command."""

from collections.abc import Callable
from typing import NamedTuple

from carekit.ground.registry import Table
from carekit.material.autobox.components import Cut
from carekit.material.autobox.finder import Finder


class Options(NamedTuple):
    """What the methods can be told; None leaves a method's own default.

    checkpoint: a file of weights. threshold: of a map, a number in (0, 1) or "otsu". smallest: a component with less
    than this share of the largest one's area is dropped. gaussian: DSR's step towards the object.
    """

    checkpoint: str | None = None
    threshold: float | str | None = None
    smallest: float = 0.1
    gaussian: bool = True


DEFAULTS = Options()


def _dsr(options: Options) -> Finder:
    from carekit.material.autobox.saliency import Dsr

    return Dsr(_cut(options), options.gaussian)


def _bms(options: Options) -> Finder:
    from carekit.material.autobox.saliency import Bms

    return Bms(_cut(options, "otsu"))


def _deeplab(options: Options) -> Finder:
    from carekit.material.autobox.segmented import Segmented

    return Segmented(
        _checkpoint(options, "the segmentation that `python -m carekit segment train` made"), options.smallest
    )


def _cam(options: Options) -> Finder:
    from carekit.material.autobox.from_cam import FromCam

    return FromCam(_checkpoint(options, "a classifier pretrained on this data set"), _cut(options))


def _promptable(options: Options) -> Finder:
    from carekit.material.autobox.promptable import Promptable

    return Promptable(_checkpoint(options, "the segmenter's weights"), _cut(options), options.smallest)


FINDERS: Table[Callable[[Options], Finder]] = Table(
    "method",
    key="method of boxes",
    entries={"dsr": _dsr, "bms": _bms, "deeplab": _deeplab, "cam": _cam, "promptable": _promptable},
)


def finder(name: str, options: Options = DEFAULTS) -> Finder:
    """The method of this name.

    Raises:
        ValueError: for an unknown name, an option out of range, or a checkpoint that is needed and not given.
    """
    return FINDERS.named(name)(options)


def _cut(options: Options, threshold: float | str = 0.5) -> Cut:
    return Cut(threshold if options.threshold is None else options.threshold, options.smallest)


def _checkpoint(options: Options, what: str) -> str:
    if options.checkpoint is None:
        raise ValueError(f"this method needs --checkpoint, {what}")
    return options.checkpoint
