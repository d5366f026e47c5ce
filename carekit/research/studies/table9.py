"""Table 9: CSL and focal loss with automatic boxes."""

from carekit.paper import TABLES
from carekit.research.studies.row import DEEPLAB, DSR, Row
from carekit.research.studies.study import SKIN, Comparison

_STRATEGIES = {"CSL": "weighted", "FL": "focal"}
STUDY = Comparison(
    name="table9",
    where="Table 9",
    about="CSL and focal loss (FL), alone and with CARE on automatic boxes",
    kinds=SKIN,
    metrics=("mca", "rare_recall"),
    rows={label: Row(strategy=name) for label, name in _STRATEGIES.items()}
    | {
        f"{label} + CARE, {boxes}": Row(care=True, strategy=name, boxes=boxes)
        for label, name in _STRATEGIES.items()
        for boxes in (DSR, DEEPLAB)
    }
    # The controls of wrong boxes stand beside true ones.
    | {f"{label} + CARE": Row(care=True, strategy=name) for label, name in _STRATEGIES.items()},
    pairs=TABLES[9].pairs | {f"{label} + CARE": label for label in _STRATEGIES},
)
