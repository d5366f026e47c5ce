"""Fig. 14: where the network looks when its boxes were found by a program."""

from carekit.paper import TABLES
from carekit.research.studies.study import SKIN, Comparison
from carekit.research.studies.table8 import ROWS

STUDY = Comparison(
    name="fig14",
    where="Fig. 14",
    about="attention inside the true box on test images, with true and with automatic boxes",
    kinds=SKIN,
    metrics=("attention_inside", "pointing"),
    rows=ROWS,
    pairs=TABLES[8].pairs,
)
