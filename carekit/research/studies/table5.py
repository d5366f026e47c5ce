"""Table 5: α, the weight of attention."""

from carekit.paper import SWEEPS
from carekit.research.studies.row import Row
from carekit.research.studies.study import Comparison

CSL = Row(strategy="weighted")
STUDY = Comparison(
    name="table5",
    where="Table 5",
    about="α, the weight of attention, with CSL",
    rows={"alpha = 0": CSL}
    | {f"alpha = {value}": Row(care=True, strategy="weighted", alpha=value) for value in SWEEPS["alpha"]},
    pairs={f"alpha = {value}": "alpha = 0" for value in SWEEPS["alpha"]},
)
