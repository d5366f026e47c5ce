"""What the paper claims: each as one comparison that a study can decide."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal, NamedTuple

from carekit.paper.tables import TABLES, Data, Table
from carekit.paper.values import SWEEPS

Relation = Literal["above", "below", "similar"]


class Claim(NamedTuple):
    """`arm` is above, below or similar to `control` in `metric` on `data`; `where` is its table or figure."""

    where: str
    data: Data
    metric: str
    arm: str
    relation: Relation
    control: str

    @property
    def printed(self) -> float | None:
        """The paper's own arm minus control, as a share; None where it prints none: for a figure, or rows of ours."""
        kind, number = self.where.split()
        if kind != "Table":
            return None
        table = TABLES[int(number)]
        if not {self.arm, self.control} <= table.rows.keys():
            return None
        return table.value(self.arm, self.data, self.metric) - table.value(self.control, self.data, self.metric)

    @property
    def agrees(self) -> bool | None:
        """Whether the printed values have the claimed direction; None where there are none, or for "similar"."""
        if self.printed is None or self.relation == "similar":
            return None
        return self.printed > 0 if self.relation == "above" else self.printed < 0


def _pairs(table: Table) -> Iterable[Claim]:
    for arm, control in table.pairs.items():
        for data, metric in table.columns:
            if metric in table.claimed:
                yield Claim(f"Table {table.number}", data, metric, arm, "above", control)


def _similar(
    where: str, data: Data, metric: str, name: str, values: Iterable[float], control: float
) -> Iterable[Claim]:
    for value in values:
        if value != control:
            yield Claim(where, data, metric, f"{name} = {value}", "similar", f"{name} = {control}")


_DF, _DF_VASC, _DF_VASC_AKIEC = TABLES[10].pairs
_FROM_ALPHA = [value for value in SWEEPS["alpha"] if value >= 0.3]

CLAIMS: tuple[Claim, ...] = (
    *(claim for table in TABLES.values() for claim in _pairs(table)),
    # Of the backbones without CARE, VGG19 is the best.
    *(
        Claim("Table 4", data, "mca", "VGG19", "above", other)
        for data in ("skin", "chest")
        for other in ("ResNet18", "ResNet50", "ResNet152")
    ),
    # MCA hardly depends on α from 0.3 to 0.9, nor on λ.
    *_similar("Table 5", "skin", "mca", "alpha", _FROM_ALPHA, 0.5),
    *_similar("Table 5", "chest", "mca", "alpha", _FROM_ALPHA, 0.5),
    *_similar("Table 7", "skin", "mca", "lam", SWEEPS["lam"], 1.0),
    # Boxes drawn by hand are the best.
    *(
        Claim("Table 8", "skin", metric, "CARE", "above", f"CARE, {boxes}")
        for metric in ("mca", "rare_recall")
        for boxes in ("DSR", "DeepLabV3")
    ),
    # Each class gains when it gets attention, and the rarest gains less when others get it, too.
    Claim("Table 10", "skin", "recall_vasc", _DF_VASC, "above", "CSL"),
    Claim("Table 10", "skin", "recall_akiec", _DF_VASC_AKIEC, "above", "CSL"),
    Claim("Table 10", "skin", "recall_df", _DF_VASC, "below", _DF),
    Claim("Table 10", "skin", "recall_df", _DF_VASC_AKIEC, "below", _DF_VASC),
    # Small classes gain, large ones lose a little.
    *(Claim("Fig. 8", "skin", f"recall_{name}", "CARE", "above", "baseline") for name in ("df", "vasc")),
    *(Claim("Fig. 8", "skin", f"recall_{name}", "CARE", "below", "baseline") for name in ("nv", "bkl")),
    # Training longer helps, on images that it did not see.
    *(Claim("Fig. 9", "skin", metric, "last epoch", "above", "first epoch") for metric in ("mca", "rare_recall")),
    Claim("Fig. 9", "skin", "loss", "last epoch", "below", "first epoch"),
    # The network looks at the lesion.
    *(Claim("Fig. 10", data, "attention_inside", "CARE", "above", "baseline") for data in ("skin", "chest")),
    # How exact the boxes are matters little.
    *_similar("Fig. 11", "skin", "mca", "box_scale", SWEEPS["box_scale"], 1.0),
    *_similar("Fig. 11", "skin", "rare_recall", "box_scale", SWEEPS["box_scale"], 1.0),
    # A larger τ asks for a larger bright area.
    *(
        Claim("Fig. 12", "skin", "attended_area", f"tau = {larger}", "above", f"tau = {smaller}")
        for smaller, larger in pairwise(SWEEPS["tau"])
    ),
    # Automatic boxes lead the network to the lesion, too; DSR's a little less than hand-drawn ones.
    *(
        Claim("Fig. 14", "skin", "attention_inside", arm, "above", "baseline")
        for arm in ("CARE", "CARE, DSR", "CARE, DeepLabV3")
    ),
    Claim("Fig. 14", "skin", "attention_inside", "CARE, DSR", "below", "CARE"),
)
