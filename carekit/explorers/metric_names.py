"""What metrics are called in menus, tables and sentences."""

from typing import NamedTuple

from carekit.lessons import plots


class Metric(NamedTuple):
    """A metric's name in full, and in a table."""

    label: str
    short: str


METRICS = {
    "rare_recall": Metric(plots.NAMES["rare_recall"], "recall"),
    "mca": Metric(plots.NAMES["mca"], "MCA"),
    "auc": Metric(plots.NAMES["auc"], "AUC"),
    "attention_inside": Metric(plots.NAMES["attention_inside"], "inside"),
    "class_loss": Metric("classification loss", "loss"),
}


def metric(name: str) -> Metric:
    """The names of a metric; one that is not in the table is called by its key."""
    return METRICS.get(name, Metric(name, name))
