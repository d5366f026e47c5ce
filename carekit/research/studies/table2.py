"""Table 2: strategies against imbalance, alone and with CARE."""

from carekit.paper import TABLES
from carekit.research.studies.row import Row
from carekit.research.studies.study import Comparison

STUDY = Comparison(
    name="table2",
    where="Table 2",
    about="the plain loss, CSL, focal loss (FL) and data augmentation (DA), alone and with CARE",
    metrics=("rare_recall", "auc", "mca"),
    rows={
        "baseline": Row(),
        "CARE": Row(care=True),
        "CSL": Row(strategy="weighted"),
        "CSL + CARE": Row(care=True, strategy="weighted"),
        "FL": Row(strategy="focal"),
        "FL + CARE": Row(care=True, strategy="focal"),
        "DA": Row(strategy="augmentation"),
        "DA + CARE": Row(care=True, strategy="augmentation"),
    },
    pairs=TABLES[2].pairs,
)
