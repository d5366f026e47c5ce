"""The names for people of metrics and of the columns of tables."""

from typing import Any

from carekit.method.metrics import EQUAL_RECALL, METRICS

TURNED = "ink_others_turned"  # a count of `carekit.research.setting.ink_pair`, of a model on pairs of images
_COLUMNS = {
    EQUAL_RECALL: "recall at the control's false alarms",
    TURNED: "ink test: others that the mark turns into the rare one",
    "others_turned": "ink test: others that the mark turns into the rare one",
    "ink_others": "images of other classes",
    "others": "images of other classes",
    "others_called_rare": "of them called the rare one without the mark",
    "others_called_rare_marked": "of them called the rare one with the mark",
}


def label_of(name: Any) -> Any:
    """The name for people of a metric; of another column or row of a table, a number among them, as it is."""
    if not isinstance(name, str):
        return name
    kind, _, of = name.partition("_")
    other = f"{kind} of {of}" if kind in ("recall", "precision") and of else name  # of one class
    return METRICS[name].label if name in METRICS else _COLUMNS.get(name, other)
