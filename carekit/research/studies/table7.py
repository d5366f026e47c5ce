"""Table 7: λ, the weight of the outside."""

from carekit.paper import SWEEPS, TABLES
from carekit.research.studies.row import Row
from carekit.research.studies.study import SKIN, Comparison

STUDY = Comparison(
    name="table7",
    where="Table 7",
    about="λ, the weight of the outside, with CSL",
    kinds=SKIN,
    metrics=("mca", "recall_df"),
    rows={"CSL": Row(strategy="weighted")}
    | {f"lam = {value}": Row(care=True, strategy="weighted", lam=value) for value in SWEEPS["lam"]},
    pairs=TABLES[7].pairs,
)
