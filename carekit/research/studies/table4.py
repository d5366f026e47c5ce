"""Table 4: backbones without and with CARE, all with CSL; on a laptop, smaller networks stand in for the paper's."""

from collections.abc import Mapping
from dataclasses import replace

from carekit.paper import TABLES
from carekit.research.studies.row import Row
from carekit.research.studies.study import Comparison


def _rows(backbones: Mapping[str, str]) -> dict[str, Row]:
    """label -> backbone as two rows each."""
    plain = {label: Row(strategy="weighted", backbone=name) for label, name in backbones.items()}
    return {
        name: row
        for label, each in plain.items()
        for name, row in ((label, each), (f"{label} + CARE", replace(each, care=True)))
    }


_PAPER = {"ResNet18": "resnet18", "ResNet50": "resnet50", "ResNet152": "resnet152", "VGG19": "vgg19"}
_SMALL = {"small net from scratch": "small", "Lite0, frozen layers": "efficientnet_lite0_early"}
_STAND_INS = Comparison(
    name="table4",
    where="Table 4",
    about="two networks that a laptop can train, in the place of the paper's four, without and with CARE",
    rows=_rows(_SMALL),
    pairs={f"{label} + CARE": label for label in _SMALL},
)
STUDY = Comparison(
    name="table4",
    where="Table 4",
    about="backbones, all with CSL, without and with CARE",
    rows=_rows(_PAPER),
    pairs=TABLES[4].pairs,
    stand_ins=_STAND_INS,
)
