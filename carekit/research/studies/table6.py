"""Table 6: τ, the activation inside the box that is enough."""

from carekit.paper import SWEEPS, TABLES
from carekit.research.studies.row import Row
from carekit.research.studies.study import Comparison

STUDY = Comparison(
    name="table6",
    where="Table 6",
    about="τ, the activation inside the box that is enough, with CSL",
    rows={"CSL": Row(strategy="weighted")}
    | {f"tau = {value}": Row(care=True, strategy="weighted", tau=value) for value in SWEEPS["tau"]},
    pairs=TABLES[6].pairs,
)
