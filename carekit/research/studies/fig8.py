"""Fig. 8: the recall of each class without and with CARE."""

from carekit.research.studies.row import Row
from carekit.research.studies.study import Comparison

STUDY = Comparison(
    name="fig8",
    where="Fig. 8",
    about="recall of each class, without and with CARE",
    metrics=(),  # the recalls of all classes
    rows={"baseline": Row(), "CARE": Row(care=True)},
    pairs={"CARE": "baseline"},
)
