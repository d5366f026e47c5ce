"""Fig. 10: where the network looks without and with CARE."""

from carekit.research.studies.row import Row
from carekit.research.studies.study import Comparison

STUDY = Comparison(
    name="fig10",
    where="Fig. 10",
    about="attention inside the box on test images, without and with CARE",
    metrics=("attention_inside", "pointing"),
    rows={"baseline": Row(), "CARE": Row(care=True)},
    pairs={"CARE": "baseline"},
)
