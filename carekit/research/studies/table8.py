"""Table 8: true boxes, boxes by saliency (DSR) and by segmentation (DeepLabV3)."""

from carekit.paper import TABLES
from carekit.research.studies.row import DEEPLAB, DSR, Row
from carekit.research.studies.study import SKIN, Comparison

ROWS = {
    "baseline": Row(),
    "CARE": Row(care=True),
    "CARE, DSR": Row(care=True, boxes=DSR),
    "CARE, DeepLabV3": Row(care=True, boxes=DEEPLAB),
}
STUDY = Comparison(
    name="table8",
    where="Table 8",
    about="CARE with true boxes, with boxes by saliency (DSR) and by segmentation (DeepLabV3)",
    kinds=SKIN,
    metrics=("mca", "rare_recall"),
    rows=ROWS,
    pairs=TABLES[8].pairs,
)
