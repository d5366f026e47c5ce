"""Fig. 12: a larger τ asks for a larger bright area."""

from carekit.paper import SWEEPS
from carekit.research.studies.row import Row
from carekit.research.studies.study import SKIN, Comparison

STUDY = Comparison(
    name="fig12",
    where="Fig. 12",
    about="how large an area is attended to, by τ, with CSL",
    kinds=SKIN,
    metrics=("attended_area",),
    rows={"CSL": Row(strategy="weighted")}
    | {f"tau = {value}": Row(care=True, strategy="weighted", tau=value) for value in SWEEPS["tau"]},
    pairs={f"tau = {value}": "CSL" for value in SWEEPS["tau"]},
)
