"""The paper's claims: each as one comparison that a study can decide."""

from collections.abc import Iterable, Sequence
from itertools import pairwise, product
from typing import Literal, NamedTuple

from carekit.paper.tables import TABLES, Data
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
        """The paper's own arm minus control, as a share; None if it prints none: for a figure, or rows of ours."""
        kind, number = self.where.split()
        table = TABLES.get(int(number)) if kind == "Table" else None
        if table is None or not {self.arm, self.control} <= table.rows.keys():
            return None
        return table.value(self.arm, self.data, self.metric) - table.value(self.control, self.data, self.metric)

    @property
    def agrees(self) -> bool | None:
        """Whether the printed values have the claimed direction; None without printed values, or for "similar"."""
        if self.printed is None or self.relation == "similar":
            return None
        sign = 1 if self.relation == "above" else -1
        return sign * self.printed > 0


def _pairs() -> Iterable[Claim]:
    """Each arm of a table is above its control."""
    for table in TABLES.values():
        for arm, control in table.pairs.items():
            for data, metric in table.columns:
                if metric in table.claimed:
                    yield Claim(f"Table {table.number}", data, metric, arm, "above", control)


def _each(
    where: str, data: Data, metrics: Sequence[str], relation: Relation, arms: Sequence[str], controls: Sequence[str]
) -> Iterable[Claim]:
    """A claim for each metric, arm and control."""
    for metric, arm, control in product(metrics, arms, controls):
        yield Claim(where, data, metric, arm, relation, control)


def _similar(
    where: str, data: Data, metric: str, name: str, values: Iterable[float], control: float
) -> Iterable[Claim]:
    for value in values:
        if value != control:
            yield Claim(where, data, metric, f"{name} = {value}", "similar", f"{name} = {control}")


_DF, _DF_VASC, _DF_VASC_AKIEC = TABLES[10].pairs
_RESNETS = ("ResNet18", "ResNet50", "ResNet152")
_MCA_AND_RARE = ("mca", "rare_recall")
_FROM_ALPHA = [value for value in SWEEPS["alpha"] if value >= 0.3]

CLAIMS: tuple[Claim, ...] = (
    *_pairs(),
    # Of the backbones without CARE, VGG19 is the best.
    *_each("Table 4", "skin", ["mca"], "above", ["VGG19"], _RESNETS),
    *_each("Table 4", "chest", ["mca"], "above", ["VGG19"], _RESNETS),
    # MCA hardly depends on α from 0.3 to 0.9, nor on λ.
    *_similar("Table 5", "skin", "mca", "alpha", _FROM_ALPHA, 0.5),
    *_similar("Table 5", "chest", "mca", "alpha", _FROM_ALPHA, 0.5),
    *_similar("Table 7", "skin", "mca", "lam", SWEEPS["lam"], 1.0),
    # Boxes drawn by hand are the best.
    *_each("Table 8", "skin", _MCA_AND_RARE, "above", ["CARE"], ["CARE, DSR", "CARE, DeepLabV3"]),
    # Each class gains when it gets attention, and the rarest gains less when others get it, too.
    Claim("Table 10", "skin", "recall_vasc", _DF_VASC, "above", "CSL"),
    Claim("Table 10", "skin", "recall_akiec", _DF_VASC_AKIEC, "above", "CSL"),
    Claim("Table 10", "skin", "recall_df", _DF_VASC, "below", _DF),
    Claim("Table 10", "skin", "recall_df", _DF_VASC_AKIEC, "below", _DF_VASC),
    # Small classes gain, large ones lose a little.
    *_each("Fig. 8", "skin", ["recall_df", "recall_vasc"], "above", ["CARE"], ["baseline"]),
    *_each("Fig. 8", "skin", ["recall_nv", "recall_bkl"], "below", ["CARE"], ["baseline"]),
    # Training longer helps, on images that it did not see.
    *_each("Fig. 9", "skin", _MCA_AND_RARE, "above", ["last epoch"], ["first epoch"]),
    Claim("Fig. 9", "skin", "loss", "last epoch", "below", "first epoch"),
    # The network looks at the lesion.
    Claim("Fig. 10", "skin", "attention_inside", "CARE", "above", "baseline"),
    Claim("Fig. 10", "chest", "attention_inside", "CARE", "above", "baseline"),
    # How exact the boxes are matters little.
    *_similar("Fig. 11", "skin", "mca", "box_scale", SWEEPS["box_scale"], 1.0),
    *_similar("Fig. 11", "skin", "rare_recall", "box_scale", SWEEPS["box_scale"], 1.0),
    # A larger τ asks for a larger bright area.
    *(
        Claim("Fig. 12", "skin", "attended_area", f"tau = {larger}", "above", f"tau = {smaller}")
        for smaller, larger in pairwise(SWEEPS["tau"])
    ),
    # Automatic boxes lead the network to the lesion, too; DSR's a little less than hand-drawn ones.
    *_each("Fig. 14", "skin", ["attention_inside"], "above", ["CARE", "CARE, DSR", "CARE, DeepLabV3"], ["baseline"]),
    Claim("Fig. 14", "skin", "attention_inside", "CARE, DSR", "below", "CARE"),
)
