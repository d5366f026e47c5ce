"""Table 3: an embedding and Decoupling, alone and with CARE."""

from carekit.paper import TABLES
from carekit.research.studies.row import Row
from carekit.research.studies.study import SKIN, Comparison

STUDY = Comparison(
    name="table3",
    where="Table 3",
    about="an embedding (Siamese) and Decoupling, alone and with CARE",
    kinds=SKIN,
    metrics=("mca", "recall_df"),
    rows={
        "Siamese": Row(strategy="siamese"),
        "Siamese + CARE": Row(care=True, strategy="siamese"),
        "Decoupling": Row(strategy="decoupling"),
        "Decoupling + CARE": Row(care=True, strategy="decoupling"),
    },
    pairs=TABLES[3].pairs,
)
