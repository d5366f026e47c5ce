"""The tables of README.md and docs/studies.md, from the stored results: what CARE gains, and what wrong boxes gain."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from carekit.experiment import sidecar as results
from carekit.method.metrics import EQUAL_RECALL
from carekit.research.studies import drawn_sets, ham10000, ham10000_settings
from carekit.research.studies.verdicts import paired, verdict_of

BEGIN, END = "<!-- made by docs/write_headline.py -->", "<!-- end -->"
ARM, CONTROL = "CARE", "baseline"
SHOWN = {
    ("CARE", "rare_recall"): "recall of the rare class",
    ("CARE", EQUAL_RECALL): "recall at equal false alarms",
    ("CARE, shuffled boxes", EQUAL_RECALL): "with another image's boxes",
    ("CARE, random boxes", EQUAL_RECALL): "with random boxes",
    ("CARE, boxes outside", EQUAL_RECALL): "with boxes outside the lesion",
    ("CARE", "attention_inside"): "attention inside the box",
    ("CARE, random boxes", "attention_inside"): "the same with random boxes",
}
SHORT = [key for key in SHOWN if key[1] == EQUAL_RECALL]  # what the README shows, of these sets
SHORT_SETS = (drawn_sets.NAME, "ham10000")
TITLES = {
    "synthetic-skin": "one drawn skin set",
    "synthetic-chest": "one set of drawn chest films",
    "ham10000": "HAM10000, real photographs",
}


class Line(NamedTuple):
    """One data set and condition: (arm, metric) -> difference, and the ends of its interval."""

    data: str
    title: str
    gains: dict[tuple[str, str], tuple[float, float, float]]


def headline(out: Path | None = None, short: bool = False) -> str:
    """The table in Markdown: gains over the same second stage without attention, in points, with 95 % intervals.

    Args:
        out: the folder of the results; None: `results`. What is not there has no line.
        short: the README's table: two data sets, and recall only.

    Raises:
        ValueError: as `carekit.experiment.sidecar.read`.
    """
    folder = out or results.folder()
    # Each stored table has another form; a maker turns it into lines of one form.
    makers = {
        f"{drawn_sets.NAME}_gains": _over_sets,
        "fig8": _drawn,
        f"{ham10000.NAME}_differences": _real,
        ham10000_settings.CHOSEN: _chosen,
    }
    lines: list[Line] = []
    for name, make in makers.items():
        if (folder / f"{name}.csv").is_file():
            lines += make(results.read(name, folder).table)
    columns = list(SHOWN)
    if short:
        columns, lines = SHORT, [line for line in lines if line.data in SHORT_SETS]
    head = ["CARE's gain, in points", *(SHOWN[key] for key in columns)]
    rows = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for line in lines:
        cells = [line.title, *(_cell(line.gains.get(key)) for key in columns)]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def written_into(text: str, table: str) -> str:
    """A text whose part between the two marks is replaced by a table. Raises ValueError where a mark is missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the marks {BEGIN} and {END} are missing: put them where the table belongs")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _over_sets(table: pd.DataFrame) -> Iterator[Line]:
    """Of many drawn sets, with intervals over the sets."""
    kinds = zip(drawn_sets.WRONG, ("shuffled boxes", "random boxes", "boxes outside"), strict=True)
    names = {arm: f"{ARM}, {kind}" for arm, kind in kinds}
    of_control = table[table.against == drawn_sets.CONTROL].replace({"arm": names})
    for condition, group in of_control.groupby("condition", sort=False):
        rows = group.set_index(["arm", "metric"])
        gains = {key: tuple(rows.loc[key, ["difference", "low", "high"]]) for key in SHOWN if key in rows.index}
        yield Line(drawn_sets.NAME, f"drawn skin, {rows.sets.iloc[0]} sets, {condition}", gains)


def _drawn(table: pd.DataFrame) -> Iterator[Line]:
    for (name, condition), group in table.groupby(["set", "condition"], sort=False):
        gains = {}
        for arm, metric in SHOWN:
            if arm not in set(group.arm):
                continue
            verdict = verdict_of(paired(group, arm, CONTROL, metric), "above")
            gains[arm, metric] = (verdict.difference, verdict.low, verdict.high)
        yield Line(name, _title(name, condition), gains)


def _real(table: pd.DataFrame) -> Iterator[Line]:
    of_control = table[table.control == CONTROL]
    for (name, condition), group in of_control.groupby(["set", "condition"], sort=False):
        rows = group.set_index(["arm", "metric"])
        # Real photographs have their own intervals, over lesions and seeds.
        gains = {key: tuple(rows.loc[key, ["difference", "low", "high"]]) for key in SHOWN if key in rows.index}
        yield Line(name, _title(name, condition), gains)


def _chosen(table: pd.DataFrame) -> Iterator[Line]:
    """As `_real`, of the setting that was chosen on training lesions."""
    names = {arm: f"{ARM}, {arm}" for arm in table.arm if arm != ARM} | {ham10000_settings.CONTROL: CONTROL}
    for line in _real(table.replace({"arm": names, "control": names})):
        best = table.setting.iloc[0]
        title = f"{line.title}; test lesions, with what gained most on the others: {best}"
        yield Line(ham10000_settings.CHOSEN, title, line.gains)


def _title(name: str, condition: str) -> str:
    return f"{TITLES.get(name, name)}, {condition}"


def _cell(gain: tuple[float, float, float] | None) -> str:
    if gain is None or pd.isna(gain[0]):
        return "–"
    points, low, high = (f"{100 * value:+.0f}".replace("+0", "0").replace("-0", "0") for value in gain)
    # Bold where the interval excludes zero.
    if gain[1] > 0 or gain[2] < 0:
        points = f"**{points}**"
    return f"{points} ({low} to {high})"
