"""The catalogue of the studies: every table and figure of the paper. A new study is one more entry of `STUDIES`."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from typing import Any

from carekit.ground.registry import Registry
from carekit.paper import SWEEPS, TABLES
from carekit.research.studies.arm_spec import DEEPLAB, DSR, ArmSpec
from carekit.research.studies.figure_studies import Counts, Curves, Overlaps
from carekit.research.studies.study import SKIN, Comparison, Study

PLAIN, CARE = ArmSpec(), ArmSpec(care=True)
CSL, CSL_CARE = ArmSpec(strategy="weighted"), ArmSpec(care=True, strategy="weighted")
FL, FL_CARE = ArmSpec(strategy="focal"), ArmSpec(care=True, strategy="focal")
SMALL = {"small net from scratch": "small", "Lite0, frozen layers": "efficientnet_lite0_early"}
GRID = {f"alpha = {a}, tau = {t}": (a, t) for a, t in product((0.1, 0.5, 0.9), (0.2, 0.7, 1.0))}
BOXES = {
    "baseline": PLAIN,
    "CARE": CARE,
    "CARE, DSR": ArmSpec(care=True, boxes=DSR),
    "CARE, DeepLabV3": ArmSpec(care=True, boxes=DEEPLAB),
}


def swept(name: str, spec: ArmSpec) -> dict[str, ArmSpec]:
    """The row at each value that the paper tries: "tau = 0.2" -> the row with it."""
    rows = {}
    for value in SWEEPS[name]:
        change: dict[str, Any] = {name: value}
        rows[f"{name} = {value}"] = replace(spec, **change)
    return rows


def on_backbones(backbones: dict[str, str]) -> dict[str, ArmSpec]:
    """Each network with CSL, without and with CARE: label -> row."""
    rows = {}
    for label, backbone in backbones.items():
        rows[label] = replace(CSL, backbone=backbone)
        rows[f"{label} + CARE"] = replace(CSL_CARE, backbone=backbone)
    return rows


def on_classes(*classes: str) -> ArmSpec:
    """A row of Table 10: attention for these classes."""
    return replace(CSL_CARE, boxes=DEEPLAB, classes=classes)


_ALL: Iterable[Study] = (
    Comparison(
        name="table2",
        where="Table 2",
        about="the plain loss, CSL, focal loss (FL) and data augmentation (DA), alone and with CARE",
        metrics=("rare_recall", "auc", "mca"),
        rows={
            "baseline": PLAIN,
            "CARE": CARE,
            "CSL": CSL,
            "CSL + CARE": CSL_CARE,
            "FL": FL,
            "FL + CARE": FL_CARE,
            "DA": ArmSpec(strategy="augmentation"),
            "DA + CARE": ArmSpec(care=True, strategy="augmentation"),
        },
        pairs=TABLES[2].pairs,
    ),
    Comparison(
        name="table3",
        where="Table 3",
        about="an embedding (Siamese) and Decoupling, alone and with CARE",
        kinds=SKIN,
        metrics=("mca", "recall_df"),
        rows={
            "Siamese": ArmSpec(strategy="siamese"),
            "Siamese + CARE": ArmSpec(care=True, strategy="siamese"),
            "Decoupling": ArmSpec(strategy="decoupling"),
            "Decoupling + CARE": ArmSpec(care=True, strategy="decoupling"),
        },
        pairs=TABLES[3].pairs,
    ),
    Comparison(
        name="table4",
        where="Table 4",
        about="backbones, all with CSL, without and with CARE",
        rows=on_backbones({name: name.lower() for name in ("ResNet18", "ResNet50", "ResNet152", "VGG19")}),
        pairs=TABLES[4].pairs,
        # A laptop cannot train the paper's four networks.
        stand_ins=Comparison(
            name="table4",
            where="Table 4",
            about="two networks that a laptop can train, in the place of the paper's four, without and with CARE",
            rows=on_backbones(SMALL),
            pairs={f"{label} + CARE": label for label in SMALL},
        ),
    ),
    Comparison(
        name="table5",
        where="Table 5",
        about="α, the weight of attention, with CSL",
        rows={"alpha = 0": CSL} | swept("alpha", CSL_CARE),
        pairs=dict.fromkeys(swept("alpha", CSL_CARE), "alpha = 0"),
    ),
    Comparison(
        name="table6",
        where="Table 6",
        about="τ, the activation inside the box that is enough, with CSL",
        rows={"CSL": CSL} | swept("tau", CSL_CARE),
        pairs=TABLES[6].pairs,
    ),
    Comparison(
        name="table7",
        where="Table 7",
        about="λ, the weight of the outside, with CSL",
        kinds=SKIN,
        metrics=("mca", "recall_df"),
        rows={"CSL": CSL} | swept("lam", CSL_CARE),
        pairs=TABLES[7].pairs,
    ),
    Comparison(
        name="table8",
        where="Table 8",
        about="CARE with true boxes, with boxes by saliency (DSR) and by segmentation (DeepLabV3)",
        kinds=SKIN,
        metrics=("mca", "rare_recall"),
        rows=BOXES,
        pairs=TABLES[8].pairs,
    ),
    Comparison(
        name="table9",
        where="Table 9",
        about="CSL and focal loss (FL), alone and with CARE on automatic boxes",
        kinds=SKIN,
        metrics=("mca", "rare_recall"),
        rows={
            "CSL": CSL,
            "FL": FL,
            "CSL + CARE, DSR": replace(CSL_CARE, boxes=DSR),
            "CSL + CARE, DeepLabV3": replace(CSL_CARE, boxes=DEEPLAB),
            "FL + CARE, DSR": replace(FL_CARE, boxes=DSR),
            "FL + CARE, DeepLabV3": replace(FL_CARE, boxes=DEEPLAB),
            # Wrong boxes are compared with true ones, which the paper's table does not have.
            "CSL + CARE": CSL_CARE,
            "FL + CARE": FL_CARE,
        },
        pairs=TABLES[9].pairs | {"CSL + CARE": "CSL", "FL + CARE": "FL"},
    ),
    Comparison(
        name="table10",
        where="Table 10",
        about="attention for one, two and three rare classes, with CSL and boxes by DeepLabV3",
        kinds=SKIN,
        metrics=("mca", "recall_df", "recall_vasc", "recall_akiec"),
        rows={
            "CSL": CSL,
            "CSL + CARE": CSL_CARE,  # as in Table 9
            "CARE on df": on_classes("df"),
            "CARE on df, vasc": on_classes("df", "vasc"),
            "CARE on df, vasc, akiec": on_classes("df", "vasc", "akiec"),
        },
        pairs=TABLES[10].pairs | {"CSL + CARE": "CSL"},
    ),
    Counts(name="fig1", where="Fig. 1", about="images of each class", metrics=()),
    Comparison(
        name="fig8",
        where="Fig. 8",
        about="recall of each class, without and with CARE",
        metrics=(),  # the recalls of all classes
        rows={"baseline": PLAIN, "CARE": CARE},
        pairs={"CARE": "baseline"},
    ),
    Curves(
        name="fig9",
        where="Fig. 9",
        about="loss, MCA and recall of the rare class over the epochs of the second stage with CARE",
        kinds=SKIN,
        metrics=("loss", "mca", "rare_recall"),
    ),
    Comparison(
        name="fig10",
        where="Fig. 10",
        about="attention inside the box on test images, without and with CARE",
        metrics=("attention_inside", "pointing"),
        rows={"baseline": PLAIN, "CARE": CARE},
        pairs={"CARE": "baseline"},
    ),
    Comparison(
        name="fig11",
        where="Fig. 11",
        about="boxes whose sides are 0.7 to 1.1 times the true ones",
        kinds=SKIN,
        metrics=("mca", "rare_recall"),
        rows={"baseline": PLAIN} | swept("box_scale", CARE),
        pairs=dict.fromkeys(swept("box_scale", CARE), "baseline"),
    ),
    Comparison(
        name="fig12",
        where="Fig. 12",
        about="how large an area is attended to, by τ, with CSL",
        kinds=SKIN,
        metrics=("attended_area",),
        rows={"CSL": CSL} | swept("tau", CSL_CARE),
        pairs=dict.fromkeys(swept("tau", CSL_CARE), "CSL"),
    ),
    Overlaps(
        name="fig13",
        where="Fig. 13",
        about="boxes by saliency (DSR) and by segmentation (DeepLabV3) against true ones",
        kinds=SKIN,
        metrics=("iou_mean",),
    ),
    Comparison(
        name="fig14",
        where="Fig. 14",
        about="attention inside the true box on test images, with true and with automatic boxes",
        kinds=SKIN,
        metrics=("attention_inside", "pointing"),
        rows=BOXES,
        pairs=TABLES[8].pairs,
    ),
    # No table of the paper: Tables 5 and 6 crossed, as a heat map.
    Comparison(
        name="alpha_tau",
        where="α × τ",
        about="α and τ together, which the paper turns one at a time, with CSL",
        kinds=SKIN,
        rows={"CSL": CSL} | {label: replace(CSL_CARE, alpha=a, tau=t) for label, (a, t) in GRID.items()},
        pairs=dict.fromkeys(GRID, "CSL"),
    ),
)
STUDIES: Registry[Study] = Registry("study", {study.name: study for study in _ALL})
