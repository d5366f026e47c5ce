"""Tables 2-10, as printed: recall and MCA in percent, AUC in [0, 1]. Table 1 is `values.DEFAULTS`."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from carekit.paper.values import SWEEPS

Data = Literal["skin", "chest"]


class Column(NamedTuple):
    """One column of a table: which metric, by its name in the package's results, on which data set."""

    data: Data
    metric: str


@dataclass(frozen=True)
class Table:
    """A table of the paper.

    Args:
        number: its number there.
        about: the things that it compares, in our words.
        columns: the data and metric of each column.
        rows: label -> one printed value a column.
        pairs: arm -> its control: the paper claims that the arm is above it.
        claimed: the metrics that this claim is about.
    """

    number: int
    about: str
    columns: tuple[Column, ...]
    rows: dict[str, tuple[float, ...]]
    pairs: dict[str, str] = field(default_factory=dict)
    claimed: tuple[str, ...] = ("rare_recall", "auc", "mca", "recall_df")

    def value(self, row: str, data: Data, metric: str) -> float:
        """The printed value as a share in [0, 1].

        Raises:
            KeyError: no such row.
            ValueError: no such column.
        """
        printed = self.rows[row][self.columns.index(Column(data, metric))]
        return printed if metric == "auc" else printed / 100


def _columns(data: Data, *metrics: str) -> tuple[Column, ...]:
    return tuple(Column(data, metric) for metric in metrics)


def _with_care(*arms: str) -> dict[str, str]:
    return {f"{arm} + CARE": arm for arm in arms}


_BOTH = _columns("chest", "rare_recall", "auc", "mca") + _columns("skin", "rare_recall", "auc", "mca")
_BOTH_NO_AUC = _columns("chest", "rare_recall", "mca") + _columns("skin", "rare_recall", "mca")
_EACH_CLASS = _columns(
    "skin", "mca", *(f"recall_{name}" for name in ("df", "vasc", "akiec", "bcc", "bkl", "mel", "nv"))
)
_MCA_AND_RARE = _columns("skin", "mca", "rare_recall")

_TABLES = [
    Table(
        number=2,
        about="strategies against imbalance, alone and with CARE (ResNet50); FL focal loss, DA data augmentation",
        columns=_BOTH,
        rows={
            "baseline": (7.4, 0.663, 56.8, 52.2, 0.962, 74.1),
            "CARE": (31.1, 0.741, 63.3, 73.9, 0.973, 78.2),
            "CSL": (11.1, 0.704, 57.9, 56.5, 0.981, 77.2),
            "CSL + CARE": (45.0, 0.769, 65.2, 65.2, 0.986, 81.0),
            "FL": (11.1, 0.758, 58.4, 52.2, 0.918, 71.5),
            "FL + CARE": (49.4, 0.769, 66.7, 60.9, 0.933, 73.9),
            "DA": (20.1, 0.805, 59.6, 56.6, 0.862, 54.4),
            "DA + CARE": (45.2, 0.796, 66.0, 60.3, 0.885, 56.2),
        },
        pairs={"CARE": "baseline"} | _with_care("CSL", "FL", "DA") | dict.fromkeys(("CSL", "FL", "DA"), "baseline"),
    ),
    Table(
        number=3,
        about="an embedding (Siamese) and Decoupling, alone and with CARE",
        columns=_EACH_CLASS,
        rows={
            "Siamese": (56.9, 21.7, 51.7, 53.0, 67.9, 60.0, 45.7, 98.3),
            "Siamese + CARE": (68.9, 65.2, 68.9, 48.4, 70.8, 65.4, 70.8, 93.8),
            "Decoupling": (73.9, 65.2, 82.7, 57.5, 81.5, 76.3, 63.2, 91.9),
            "Decoupling + CARE": (78.3, 73.9, 89.6, 62.1, 83.4, 74.0, 73.0, 92.2),
        },
        pairs=_with_care("Siamese", "Decoupling"),
    ),
    Table(
        number=4,
        about="backbones without and with CARE, all with CSL",
        columns=_BOTH,
        rows={
            "ResNet18": (15.2, 0.581, 57.8, 60.9, 0.990, 74.1),
            "ResNet18 + CARE": (25.5, 0.710, 58.8, 73.9, 0.969, 76.2),
            "ResNet50": (11.1, 0.704, 57.9, 56.5, 0.953, 77.7),
            "ResNet50 + CARE": (45.0, 0.769, 65.2, 65.2, 0.986, 81.0),
            "ResNet152": (11.4, 0.747, 59.1, 61.9, 0.914, 80.5),
            "ResNet152 + CARE": (31.3, 0.749, 63.8, 72.2, 0.966, 81.9),
            "VGG19": (25.8, 0.873, 61.7, 47.8, 0.881, 70.2),
            "VGG19 + CARE": (41.2, 0.871, 64.3, 56.5, 0.933, 72.8),
        },
        pairs=_with_care("ResNet18", "ResNet50", "ResNet152", "VGG19"),
        claimed=("rare_recall", "mca"),
    ),
    Table(
        number=5,
        about="α, the weight of attention (ResNet50, CSL)",
        columns=_BOTH_NO_AUC,
        rows={
            "alpha = 0": (11.1, 57.9, 56.5, 77.7),
            "alpha = 0.1": (28.8, 63.8, 55.2, 78.8),
            "alpha = 0.3": (38.3, 64.4, 65.2, 79.9),
            "alpha = 0.5": (45.0, 65.2, 65.2, 80.3),
            "alpha = 0.7": (42.6, 64.3, 65.2, 80.2),
            "alpha = 0.9": (50.7, 65.2, 65.1, 80.2),
        },
        pairs=dict.fromkeys([f"alpha = {value}" for value in SWEEPS["alpha"] if value >= 0.3], "alpha = 0"),
    ),
    Table(
        number=6,
        about="τ, the inside activation that is enough (ResNet50, CSL)",
        columns=_BOTH_NO_AUC,
        rows={
            "CSL": (11.1, 57.9, 56.5, 77.7),
            "tau = 0.2": (33.3, 64.9, 73.9, 79.1),
            "tau = 0.4": (51.8, 68.9, 69.6, 78.8),
            "tau = 0.5": (45.0, 65.2, 65.2, 81.0),
            "tau = 0.7": (51.9, 67.4, 65.2, 80.2),
            "tau = 1.0": (37.0, 64.0, 78.3, 79.6),
        },
        pairs=dict.fromkeys([f"tau = {value}" for value in SWEEPS["tau"]], "CSL"),
    ),
    Table(
        number=7,
        about="λ, the weight of the outside",
        columns=_EACH_CLASS,
        rows={
            "CSL": (75.9, 56.5, 93.1, 66.6, 80.5, 76.8, 64.1, 94.0),
            "lam = 0.7": (79.95, 60.8, 96.5, 78.7, 87.3, 76.8, 67.2, 92.0),
            "lam = 1.0": (80.6, 86.9, 89.6, 72.7, 86.4, 68.1, 71.7, 88.2),
            "lam = 1.3": (79.94, 69.5, 96.5, 68.1, 88.3, 70.4, 78.4, 87.9),
        },
        pairs=dict.fromkeys([f"lam = {value}" for value in SWEEPS["lam"]], "CSL"),
    ),
    Table(
        number=8,
        about="CARE with boxes drawn by hand, by saliency (DSR) and by segmentation (DeepLabV3)",
        columns=_MCA_AND_RARE,
        rows={
            "baseline": (74.13, 52.17),
            "CARE": (78.17, 73.91),
            "CARE, DSR": (77.02, 65.22),
            "CARE, DeepLabV3": (75.61, 60.87),
        },
        pairs=dict.fromkeys(("CARE", "CARE, DSR", "CARE, DeepLabV3"), "baseline"),
    ),
    Table(
        number=9,
        about="CSL and focal loss (FL), alone and with CARE on automatic boxes",
        columns=_MCA_AND_RARE,
        rows={
            "CSL": (77.7, 56.5),
            "CSL + CARE, DSR": (80.2, 78.3),
            "CSL + CARE, DeepLabV3": (81.4, 86.7),
            "FL": (72.0, 52.2),
            "FL + CARE, DSR": (72.3, 60.9),
            "FL + CARE, DeepLabV3": (74.6, 82.6),
        },
        pairs={f"{arm} + CARE, {boxes}": arm for arm in ("CSL", "FL") for boxes in ("DSR", "DeepLabV3")},
    ),
    Table(
        number=10,
        about="attention for one, two and three rare classes (CSL, boxes by DeepLabV3)",
        columns=_EACH_CLASS,
        rows={
            "CSL": (77.69, 56.52, 89.65, 68.18, 90.29, 75.45, 71.17, 92.54),
            "CARE on df": (81.35, 86.96, 89.66, 66.67, 88.35, 76.82, 68.47, 92.54),
            "CARE on df, vasc": (80.51, 82.61, 96.55, 66.67, 86.41, 74.09, 64.41, 92.84),
            "CARE on df, vasc, akiec": (80.28, 69.57, 89.66, 74.24, 90.29, 76.82, 68.92, 92.46),
        },
        pairs=dict.fromkeys(("CARE on df", "CARE on df, vasc", "CARE on df, vasc, akiec"), "CSL"),
    ),
]
TABLES = {table.number: table for table in _TABLES}
