"""Fig. 11: boxes that are too small or too large."""

from carekit.paper import SWEEPS
from carekit.research.studies.row import Row
from carekit.research.studies.study import SKIN, Comparison

STUDY = Comparison(
    name="fig11",
    where="Fig. 11",
    about="boxes whose sides are 0.7 to 1.1 times the true ones",
    kinds=SKIN,
    metrics=("mca", "rare_recall"),
    rows={"baseline": Row()}
    | {f"box_scale = {value}": Row(care=True, box_scale=value) for value in SWEEPS["box_scale"]},
    pairs={f"box_scale = {value}": "baseline" for value in SWEEPS["box_scale"]},
)
