"""Table 10: attention for one, two and three rare classes."""

from carekit.paper import TABLES
from carekit.research.studies.row import DEEPLAB, Row
from carekit.research.studies.study import SKIN, Comparison

_CARE = {
    f"CARE on {', '.join(classes)}": Row(care=True, strategy="weighted", boxes=DEEPLAB, classes=classes)
    for classes in (("df",), ("df", "vasc"), ("df", "vasc", "akiec"))
}
STUDY = Comparison(
    name="table10",
    where="Table 10",
    about="attention for one, two and three rare classes, with CSL and boxes by DeepLabV3",
    kinds=SKIN,
    metrics=("mca", "recall_df", "recall_vasc", "recall_akiec"),
    # The controls of wrong boxes stand beside true ones.
    rows={"CSL": Row(strategy="weighted"), "CSL + CARE": Row(care=True, strategy="weighted")} | _CARE,
    pairs=TABLES[10].pairs | {"CSL + CARE": "CSL"},
)
